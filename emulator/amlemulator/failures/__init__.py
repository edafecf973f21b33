"""The documented failures, played: what each needs is set up, its calls are made, its mend is shown to work.

The catalogue itself is data (``contracts/failures/*.yaml``); here is what brings it to life. Heavy imports stay in the
modules: this package loads nothing by itself.
"""
