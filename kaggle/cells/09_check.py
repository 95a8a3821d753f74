with never_failing():
    if PROGRAM is not None:
        check = subprocess.run(
            [PROGRAM / "arctrm", "validate", "--challenges", TASKS, SUBMISSION],
            env=ENVIRONMENT, capture_output=True, text=True)
        print((check.stdout + check.stderr)[-5000:])
        if check.returncode != 0:
            say(f"{SUBMISSION} is not valid; a placeholder takes its place")
            if SUBMISSION.exists():
                shutil.copyfile(SUBMISSION, Path(SCRATCH, "refused.json"))
            write_placeholder(TASKS)
    if SUBMISSION.exists():
        pairs = [pair for task in json.loads(SUBMISSION.read_text()).values()
                 for pair in task]
        answered = sum(any(grid != [[0]] for grid in pair.values()) for pair in pairs)
        say(f"{answered} of {len(pairs)} test inputs are answered in {SUBMISSION}")
