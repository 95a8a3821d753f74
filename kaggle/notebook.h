// SPDX-License-Identifier: MIT
// Makes the Kaggle notebook that sets up arctrm from a bundle, runs it,
// validates the submission and shows the report; also the metadata for pushing
// it. Its cells are the files of kaggle/cells/, built into the program.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// An accelerator that a notebook can have.
struct Accelerator {
  std::string name;  // "T4x2"
  int gpus = 0;
  std::string machine_shape;  // Kaggle's name for it; "" for a CPU
};
const std::vector<Accelerator>& Accelerators();
// Finds it by name in any letter case. InvalidArgument lists the names, and
// explains why P100 is not supported.
absl::StatusOr<Accelerator> FindAccelerator(absl::string_view name);

struct NotebookOptions {
  std::string id;       // "owner/slug" of the notebook
  std::string title;    // must match the slug
  std::string dataset;  // "owner/slug" of the bundle's dataset
  std::string competition;
  Accelerator accelerator;
};

// A file of kaggle/cells/: "02_settings.py" is the code cell "settings",
// "01_about.md" the text cell "about". {{title}}, {{dataset}}, {{competition}},
// {{accelerator}} and {{gpus}} are replaced by the options.
struct NotebookCell {
  std::string file;
  std::string text;
};
const std::vector<NotebookCell>& NotebookCells();

inline constexpr char kNotebookFile[] = "arctrm.ipynb";

// The notebook in nbformat 4.5. The settings have the tag "parameters" for
// papermill.
std::string NotebookJson(const NotebookOptions& options);
// kernel-metadata.json: private, no internet.
std::string KernelMetadataJson(const NotebookOptions& options);

}  // namespace arctrm
