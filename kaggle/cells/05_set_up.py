def set_up(bundle):
    """The folder of a program that works here, or None after printing the reason."""
    damaged = damaged_files(bundle)
    if damaged:
        say(f"WARNING: {len(damaged)} files of the dataset differ from the packed "
            f"ones: {', '.join(sorted(damaged)[:5])}")
    gpus = count_gpus()
    if gpus != EXPECTED_GPUS:
        say(f"WARNING: expected {EXPECTED_GPUS} GPUs, found {gpus}. Check the "
            "notebook's accelerator. The run uses the GPUs that it found.")
    torch, version = image_torch()
    if torch is None:
        say("there is no torch in this image, but arctrm needs its libraries")
        return None
    say(f"torch {version} at {torch}")
    paths = [str(torch / "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
    ENVIRONMENT["LD_LIBRARY_PATH"] = ":".join(filter(None, paths))
    folder = take_prebuilt(bundle, version, damaged) if USE_PREBUILT else None
    return folder or compile_here(bundle, torch)


PROGRAM = None
TASKS = find("arc-agi_test_challenges.json")
MARK = find("arctrm-bundle.json")
with never_failing():
    LOGS.mkdir(parents=True, exist_ok=True)
    Path(WORKING).mkdir(parents=True, exist_ok=True)
    if TASKS is None:
        say(f"NO TASKS: no arc-agi_test_challenges.json under {INPUT}. "
            "Attach the competition {{competition}}.")
    else:
        say(f"tasks: {TASKS}")
        if not SUBMISSION.exists():
            write_placeholder(TASKS)
            say(f"a valid placeholder is at {SUBMISSION}")
    if MARK is None:
        say(f"NO PROGRAM: no arctrm-bundle.json under {INPUT}. "
            "Attach the dataset {{dataset}}.")
    elif TASKS is not None:
        BUNDLE = MARK.parent
        say(f"dataset: {BUNDLE}, arctrm {json.loads(MARK.read_text())['arctrm']}")
        PROGRAM = set_up(BUNDLE)
if PROGRAM is not None:
    say(f"ready: {PROGRAM / 'arctrm'}")
elif SUBMISSION.exists():
    say(f"STOPPED EARLY for the reason above. {SUBMISSION} is valid.")
else:
    say(f"STOPPED EARLY for the reason above. There is no {SUBMISSION}.")
