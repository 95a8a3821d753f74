// SPDX-License-Identifier: MIT
#include "kaggle/notebook.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "nlohmann/json.hpp"

namespace arctrm {
namespace {

using Json = nlohmann::ordered_json;

// The notebook format stores a list of lines, each except the last with its
// line feed.
Json Lines(absl::string_view text) {
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  Json lines = Json::array();
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const size_t size = end == absl::string_view::npos ? text.size() : end + 1;
    lines.push_back(std::string(text.substr(0, size)));
    text.remove_prefix(size);
  }
  return lines;
}

// "set-up-code" for "05_set_up.py": unique, and equal in all bundles.
std::string CellId(const NotebookCell& cell) {
  const bool code = absl::EndsWith(cell.file, ".py");
  const size_t begin = cell.file.find('_') + 1;
  const std::string name =
      cell.file.substr(begin, cell.file.rfind('.') - begin);
  return absl::StrCat(absl::StrReplaceAll(name, {{"_", "-"}}),
                      code ? "-code" : "-text");
}

Json Cell(const NotebookCell& cell, const NotebookOptions& options) {
  const std::string text = absl::StrReplaceAll(
      cell.text, {{"{{title}}", options.title},
                  {"{{dataset}}", options.dataset},
                  {"{{competition}}", options.competition},
                  {"{{accelerator}}", options.accelerator.name},
                  {"{{gpus}}", absl::StrCat(options.accelerator.gpus)}});
  Json json = Json::object();
  const std::string id = CellId(cell);
  const bool code = absl::EndsWith(cell.file, ".py");
  json["cell_type"] = code ? "code" : "markdown";
  json["id"] = id;
  json["metadata"] = Json::object();
  if (id == "settings-code") {
    json["metadata"]["tags"] = Json::array({"parameters"});
  }
  if (id == "tools-code") {
    json["metadata"]["_kg_hide-input"] = true;
    json["metadata"]["jupyter"]["source_hidden"] = true;
  }
  json["source"] = Lines(text);
  if (code) {
    json["execution_count"] = nullptr;
    json["outputs"] = Json::array();
  }
  return json;
}

}  // namespace

const std::vector<Accelerator>& Accelerators() {
  static const auto* const all = new std::vector<Accelerator>{
      {"none", 0, ""},           {"T4x2", 2, "NvidiaTeslaT4"},
      {"L4x1", 1, "NvidiaL4X1"}, {"L4x4", 4, "NvidiaL4"},
      {"H100", 1, "NvidiaH100"}, {"RTXPRO6000", 1, "NvidiaRtxPro6000"},
  };
  return *all;
}

absl::StatusOr<Accelerator> FindAccelerator(absl::string_view name) {
  std::vector<std::string> names;
  for (const Accelerator& accelerator : Accelerators()) {
    if (absl::EqualsIgnoreCase(accelerator.name, name)) return accelerator;
    names.push_back(accelerator.name);
  }
  if (absl::EqualsIgnoreCase(name, "P100")) {
    return absl::InvalidArgumentError(
        "accelerator P100: torch wheels since 2.8 do not support it (sm_60); "
        "choose T4x2 or L4x4");
  }
  return absl::InvalidArgumentError(absl::StrCat("unknown accelerator \"", name,
                                                 "\"; expected one of ",
                                                 absl::StrJoin(names, ", ")));
}

std::string NotebookJson(const NotebookOptions& options) {
  Json json = Json::object();
  json["cells"] = Json::array();
  for (const NotebookCell& cell : NotebookCells()) {
    json["cells"].push_back(Cell(cell, options));
  }
  Json& metadata = json["metadata"];
  metadata["kernelspec"] = {{"display_name", "Python 3"},
                            {"language", "python"},
                            {"name", "python3"}};
  metadata["language_info"] = {{"name", "python"}};
  // Kaggle's files write this name with a small first letter.
  std::string accelerator = options.accelerator.machine_shape;
  if (accelerator.empty()) {
    accelerator = "none";
  } else {
    accelerator[0] = absl::ascii_tolower(accelerator[0]);
  }
  metadata["kaggle"] = {{"accelerator", accelerator},
                        {"isGpuEnabled", options.accelerator.gpus > 0},
                        {"isInternetEnabled", false},
                        {"language", "python"},
                        {"sourceType", "notebook"}};
  json["nbformat"] = 4;
  json["nbformat_minor"] = 5;
  return json.dump(1) + "\n";
}

std::string KernelMetadataJson(const NotebookOptions& options) {
  Json json = Json::object();
  json["id"] = options.id;
  json["title"] = options.title;
  json["code_file"] = kNotebookFile;
  json["language"] = "python";
  json["kernel_type"] = "notebook";
  json["is_private"] = true;
  json["enable_gpu"] = options.accelerator.gpus > 0;
  json["enable_tpu"] = false;
  json["enable_internet"] = false;
  if (options.accelerator.gpus > 0) {
    json["machine_shape"] = options.accelerator.machine_shape;
  }
  json["dataset_sources"] = Json::array({options.dataset});
  json["competition_sources"] = Json::array({options.competition});
  json["kernel_sources"] = Json::array();
  json["model_sources"] = Json::array();
  return json.dump(2) + "\n";
}

}  // namespace arctrm
