# Settings. Change only this cell.
import time

STARTED = time.time()  # Every limit counts from here.

LIMIT = "12h"  # The time that Kaggle allows.
SAFETY = "15m"  # Stays unused at the end of LIMIT.
# Limit of an unscored run on stand-in tasks, which are public; "" for LIMIT.
TRIAL_LIMIT = "40m"
EXPECTED_GPUS = {{gpus}}  # {{accelerator}}; the run uses all GPUs that it finds.

CHECKPOINT = ""  # A checkpoint folder; "" for the one in the dataset.
RECIPE = ""  # A recipe's name or file; "" for the one in the dataset.
OPTIONS = []  # More flags of `arctrm kaggle run`, e.g. ["--seed", "1"].
USE_PREBUILT = True  # False: always compile.

INPUT = "/kaggle/input"
WORKING = "/kaggle/working"
SCRATCH = "/tmp/arctrm"
