import html

from IPython.display import HTML, display

with never_failing():
    if PROGRAM is not None:
        public = {}
        for file in TASKS.parent.glob("arc-agi_*_solutions.json"):
            public.update(json.loads(file.read_text()))
        names = sorted(json.loads(TASKS.read_text()))
        if set(names) <= set(public):
            solutions = Path(SCRATCH, "solutions.json")
            solutions.write_text(json.dumps({name: public[name] for name in names}))
            score = subprocess.run(
                [PROGRAM / "arctrm", "score", "--solutions", solutions, SUBMISSION],
                env=ENVIRONMENT, capture_output=True, text=True)
            print((score.stdout + score.stderr)[-3000:])
            print("The tasks are public: if the weights were trained on them, "
                  "the score is too high.")
        if not REPORT.exists():
            say(f"there is no {REPORT}")
        elif REPORT.stat().st_size > 20e6:
            say(f"the report is large: open {REPORT} from the output")
        else:
            page = html.escape(REPORT.read_text())
            display(HTML(f'<div><iframe srcdoc="{page}" style="width: 100%; '
                         'height: 900px; border: 1px solid #ccc"></iframe></div>'))
