"""A local emulator of the web services of Azure Machine Learning Studio (classic)."""
