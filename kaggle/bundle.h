// SPDX-License-Identifier: MIT
// Packs everything that a Kaggle notebook without internet access needs into
// two folders. dataset/ is uploaded as a dataset: sources of arctrm and its
// libraries, programs built for some versions of torch, weights, a recipe,
// licences (docs/formats.md). notebook/ is pushed as a notebook
// (kaggle/notebook.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm {

struct BundleOptions {
  std::string out;          // folder; replaces another bundle there
  std::string source;       // sources of arctrm, the root of a clone
  std::string third_party;  // the folder made by kaggle/third_party.sh
  // Folder with torch-<version>/arctrm and …/arctrm-solver; "" if the notebook
  // should compile.
  std::string binaries;
  // Versions to take from it; empty means all.
  std::vector<std::string> torch;
  std::string checkpoint;  // "" to train from random weights
  // Keep all embedding rows; otherwise only their mean, from which new tasks
  // start.
  bool keep_rows = false;
  std::string recipe_name;      // for display
  std::string recipe_text;      // "" to let arctrm choose
  std::string owner = "OWNER";  // Kaggle user
  std::string title = "arctrm bundle";
  std::string slug;  // "" for SlugOf(title)
  std::string competition = "arc-prize-2025";
  std::string accelerator = "T4x2";
  std::string version;  // of arctrm
};

struct BundlePart {
  std::string name;  // "source", "prebuilt/torch-2.10.0", …
  int64_t files = 0;
  int64_t bytes = 0;
};

struct BundleSummary {
  std::string dataset;             // its folder
  std::string notebook;            // its folder
  std::string dataset_id;          // "owner/slug"
  std::string notebook_id;         // "owner/slug"
  std::vector<BundlePart> parts;   // of the dataset
  std::vector<std::string> torch;  // versions with a program
};

// Writes the bundle to FreshName(out), then replaces `out` by it. Checks all
// inputs first: NotFound and InvalidArgument say what is missing and how to get
// it; FailedPrecondition if `out` holds other files.
absl::StatusOr<BundleSummary> WriteBundle(const BundleOptions& options);

// The root of arctrm's sources: `dir` or the nearest folder above it. NotFound
// if there is none.
absl::StatusOr<std::string> FindSource(absl::string_view dir);

// Makes slugs as Kaggle does: "arctrm-bundle" from "Arctrm Bundle".
std::string SlugOf(absl::string_view title);

}  // namespace arctrm
