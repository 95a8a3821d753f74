<<<<<<< HEAD
# Settings: the only cell to change.
=======
# Settings. Change only this cell.
>>>>>>> 34dd5b9d2bf140c9b684c6fa40858999915c32da
import time

STARTED = time.time()  # Every limit counts from here.

<<<<<<< HEAD
LIMIT = "12h"  # Kaggle's limit.
SAFETY = "15m"  # A reserve at its end.
# The limit for placeholder tasks in a run that is not scored; "" for LIMIT.
TRIAL_LIMIT = "40m"
EXPECTED_GPUS = {{gpus}}  # {{accelerator}}; the run uses the GPUs present.

CHECKPOINT = ""  # A checkpoint folder; "" for the one in the dataset.
RECIPE = ""  # A recipe's name or file; "" for the one in the dataset.
OPTIONS = []  # More options of `arctrm kaggle run`, such as ["--seed", "1"].
=======
LIMIT = "12h"  # The time that Kaggle allows.
SAFETY = "15m"  # Stays unused at the end of LIMIT.
# Limit of an unscored run on public tasks; "" for LIMIT.
TRIAL_LIMIT = "40m"
EXPECTED_GPUS = {{gpus}}  # {{accelerator}}; the run uses all GPUs that it finds.

CHECKPOINT = ""  # A checkpoint folder; "" for the one in the dataset.
RECIPE = ""  # A recipe's name or file; "" for the one in the dataset.
OPTIONS = []  # More options of `arctrm kaggle run`, e.g. ["--seed", "1"].
>>>>>>> 34dd5b9d2bf140c9b684c6fa40858999915c32da
USE_PREBUILT = True  # False: always compile.

INPUT = "/kaggle/input"
WORKING = "/kaggle/working"
SCRATCH = "/tmp/arctrm"
