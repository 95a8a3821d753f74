// SPDX-License-Identifier: MIT
// The Kaggle notebook that sets arctrm up from a bundle, runs it, checks what
// it wrote and shows the report; and the metadata it is pushed with. Its cells
// are the files of kaggle/cells/, built into the program.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// What a notebook can be given to compute with.
struct Accelerator {
  std::string name;  // as people say it: "T4x2"
  int gpus = 0;
  std::string machine_shape;  // Kaggle's name for it, "" for a CPU alone
};
const std::vector<Accelerator>& Accelerators();
// By name, whatever the case. InvalidArgument lists the names, and says why a
// P100 is none of them.
absl::StatusOr<Accelerator> FindAccelerator(absl::string_view name);

struct NotebookOptions {
  std::string id;       // "owner/slug" of the notebook
  std::string title;    // whose slug that is
  std::string dataset;  // "owner/slug" of the bundle's dataset
  std::string competition;
  Accelerator accelerator;
};

// One file of kaggle/cells/: "02_settings.py" is the code cell "settings",
// "01_about.md" the text cell "about". {{title}}, {{dataset}}, {{competition}},
// {{accelerator}} and {{gpus}} stand for the options.
struct NotebookCell {
  std::string file;
  std::string text;
};
const std::vector<NotebookCell>& NotebookCells();

inline constexpr char kNotebookFile[] = "arctrm.ipynb";

// nbformat 4.5. The settings are tagged "parameters", as papermill wants.
std::string NotebookJson(const NotebookOptions& options);
// kernel-metadata.json: private, no internet.
std::string KernelMetadataJson(const NotebookOptions& options);

}  // namespace arctrm
