# Settings: the only cell to change.
import time

STARTED = time.time()  # Every limit counts from here.

LIMIT = "12h"  # Kaggle's limit.
SAFETY = "15m"  # A reserve at its end.
# The limit for placeholder tasks in a run that is not scored; "" for LIMIT.
TRIAL_LIMIT = "40m"
EXPECTED_GPUS = {{gpus}}  # {{accelerator}}; the run uses the GPUs present.

CHECKPOINT = ""  # A checkpoint folder; "" for the one in the dataset.
RECIPE = ""  # A recipe's name or file; "" for the one in the dataset.
OPTIONS = []  # More options of `arctrm kaggle run`, such as ["--seed", "1"].
USE_PREBUILT = True  # False: always compile.

INPUT = "/kaggle/input"
WORKING = "/kaggle/working"
SCRATCH = "/tmp/arctrm"
