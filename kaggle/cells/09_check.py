with never_failing():
    if PROGRAM is not None:
        check = subprocess.run(
            [PROGRAM / "arctrm", "validate", "--challenges", TASKS, SUBMISSION],
            env=ENVIRONMENT, capture_output=True, text=True)
        print((check.stdout + check.stderr)[-5000:])
        if check.returncode != 0:
            say(f"{SUBMISSION} is not valid; a placeholder replaces it")
            if SUBMISSION.exists():
                shutil.copyfile(SUBMISSION, Path(SCRATCH, "refused.json"))
            write_placeholder(TASKS)
    if SUBMISSION.exists():
        empty = placeholders(TASKS)
        pairs = [(pair, nothing)
                 for name, task in json.loads(SUBMISSION.read_text()).items()
                 for pair, nothing in zip(task, empty[name])]
        answered = sum(pair != nothing for pair, nothing in pairs)
        say(f"{answered} of {len(pairs)} test inputs are answered in {SUBMISSION}")
