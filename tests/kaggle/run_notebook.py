# SPDX-License-Identifier: MIT
"""usage: run_notebook.py NOTEBOOK [NAME=VALUE ...]

Runs the code cells of a notebook in this Python, one after the other, as the
nbclient of a Kaggle machine would, and stops at the first that raises. Each
NAME = VALUE (a Python expression) is set after the cell tagged "parameters".
What a cell displays as HTML goes to display.html in the working folder. At the
end it prints PROGRAM, the folder of the program that the set-up chose.
"""
import json
import sys
import types


def stand_in_for_ipython():
    """IPython.display, where there is none: as much of it as the cells use."""
    display = types.ModuleType("IPython.display")
    display.HTML = str

    def show(page):
        with open("display.html", "w") as file:
            file.write(page)

    display.display = show
    sys.modules["IPython"] = types.ModuleType("IPython")
    sys.modules["IPython.display"] = display


def main(path, settings):
    stand_in_for_ipython()
    with open(path) as file:
        cells = json.load(file)["cells"]
    names = {"__name__": "__main__"}
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
        if "parameters" in cell["metadata"].get("tags", []):
            for setting in settings:
                exec(setting, names)
    print("PROGRAM", names.get("PROGRAM"))


main(sys.argv[1], sys.argv[2:])
