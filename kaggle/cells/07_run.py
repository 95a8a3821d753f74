def run_command(limit):
    command = [PROGRAM / "arctrm", "kaggle", "run", "--input", TASKS.parent,
               "--working", WORKING, "--out", SUBMISSION, "--report", REPORT,
               "--work", Path(SCRATCH, "run"),
               "--limit", limit, "--safety", SAFETY, "--started", int(STARTED)]
    if CHECKPOINT or (BUNDLE / "weights").is_dir():
        command += ["--checkpoint", CHECKPOINT or BUNDLE / "weights"]
    if RECIPE or (BUNDLE / "recipe.conf").exists():
        command += ["--recipe", RECIPE or BUNDLE / "recipe.conf"]
    return command + OPTIONS


with never_failing():
    if PROGRAM is None:
        say("nothing to run")
    else:
        limit = LIMIT
        if TRIAL_LIMIT and is_trial(TASKS):
            limit = TRIAL_LIMIT
            say("these are stand-in tasks, so this run is not scored")
        say(f"at most {limit} from the start of this notebook, less {SAFETY}")
        # arctrm ends before this time, unless it hangs.
        until = STARTED + seconds(limit) - seconds(SAFETY) / 2
        meaning = {0: "done", 2: "wrong input, see above",
                   3: "stopped before every test input had a vote"}
        # A run that died is started again and continues.
        for attempt in range(3):
            code = follow(run_command(limit), LOGS / "run.log", until, as_it_comes)
            say(f"exit code {code}: {meaning.get(code, 'a failure, see above')}")
            if code in meaning or time.time() > until - 120:
                break
