# Settings: the one cell to change.
import time

STARTED = time.time()  # Every limit counts from here.

LIMIT = "12h"  # What Kaggle allows.
SAFETY = "15m"  # Kept free at its end.
# For the placeholder tasks of a run that is not scored; "" for LIMIT.
TRIAL_LIMIT = "40m"
EXPECTED_GPUS = {{gpus}}  # {{accelerator}}; the run takes what is there.

CHECKPOINT = ""  # A checkpoint folder; "" for the one in the dataset.
RECIPE = ""  # A recipe's name or file; "" for the one in the dataset.
OPTIONS = []  # More of `arctrm kaggle run`, such as ["--seed", "1"].
USE_PREBUILT = True  # False: compile in any case.

INPUT = "/kaggle/input"
WORKING = "/kaggle/working"
SCRATCH = "/tmp/arctrm"
