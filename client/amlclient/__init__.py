"""A client for the web services of Azure Machine Learning Studio (classic)."""
