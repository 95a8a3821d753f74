// SPDX-License-Identifier: MIT
// Everything a Kaggle notebook without a network needs, as two folders.
// dataset/, to upload as a dataset: sources of arctrm and of its libraries,
// programs built for some versions of torch, the weights, a recipe, licences
// (docs/formats.md). notebook/, to push as a notebook: kaggle/notebook.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm {

struct BundleOptions {
  std::string out;          // folder; another bundle there is replaced
  std::string source;       // arctrm's own sources, the root of a clone
  std::string third_party;  // what kaggle/third_party.sh filled
  // Folder with torch-<version>/arctrm and …/arctrm-solver; "": none, the
  // notebook compiles.
  std::string binaries;
  // Which versions of those; empty: all that are there.
  std::vector<std::string> torch;
  std::string checkpoint;  // "": trained from nothing
  // Keep every embedding row; else their mean alone, which new tasks start
  // from.
  bool keep_rows = false;
  std::string recipe_name;      // for people
  std::string recipe_text;      // "": arctrm chooses
  std::string owner = "OWNER";  // Kaggle user
  std::string title = "arctrm bundle";
  std::string slug;  // "": of the title
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
  std::vector<std::string> torch;  // versions there is a program for
};

// Writes it to FreshName(out), which then takes the place of `out`. Everything
// is looked at before anything is written. NotFound and InvalidArgument say
// what is missing and where it comes from; FailedPrecondition for an `out` that
// holds anything else.
absl::StatusOr<BundleSummary> WriteBundle(const BundleOptions& options);

// The root of arctrm's sources: `dir` or the nearest folder above it that holds
// them. NotFound.
absl::StatusOr<std::string> FindSource(absl::string_view dir);

// "arctrm-bundle" of "Arctrm Bundle", as Kaggle makes them.
std::string SlugOf(absl::string_view title);

}  // namespace arctrm
