"""One module per command of ``amlclassic``; each is imported only when it is called."""
