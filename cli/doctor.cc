// SPDX-License-Identifier: MIT
#include "cli/doctor.h"

#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include <cmath>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "arctrm/version.h"
#include "augment/dataset.h"
#include "base/files.h"
#include "base/status.h"
#include "nlohmann/json.hpp"
#include "solver/device_list.h"
#include "solver/machine.h"
#include "solver/train.h"

namespace arctrm {
namespace {

// Returns the value of the first "key : value" line of /proc/cpuinfo.
std::string CpuField(absl::string_view key) {
  const absl::StatusOr<std::string> text = ReadFile("/proc/cpuinfo");
  if (!text.ok()) return "";
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    const std::vector<absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (parts.size() == 2 && absl::StripAsciiWhitespace(parts[0]) == key) {
      return std::string(absl::StripAsciiWhitespace(parts[1]));
    }
  }
  return "";
}

std::string VectorUnits() {
  const std::string flags = absl::StrCat(" ", CpuField("flags"), " ");
  std::string found;
  for (const char* unit : {"avx2", "avx512f", "avx512_bf16", "amx_bf16"}) {
    if (absl::StrContains(flags, absl::StrCat(" ", unit, " "))) {
      absl::StrAppend(&found, found.empty() ? "" : " ", unit);
    }
  }
  return found.empty() ? "none that arctrm uses" : found;
}

// Trains a tiny network for a few steps. Returns the loss and the steps per
// second.
absl::StatusOr<std::pair<double, double>> SelfCheck(
    const DeviceOptions& device) {
  ChallengeSet set;
  set.tasks.push_back({"check",
                       {{Grid::FromText("12 30"), Grid::FromText("30 12")},
                        {Grid::FromText("05 60"), Grid::FromText("60 05")}},
                       {Grid::FromText("77 00")}});
  DatasetSource source;
  source.challenges = set;
  BuildOptions build;
  build.plan.augmentations = 3;
  ARCTRM_ASSIGN_OR_RETURN(const Dataset dataset, BuildDataset({source}, build));
  TrainRequest request;
  request.dataset = &dataset;
  request.spec.model.hidden = 64;
  request.spec.model.heads = 4;
  request.spec.model.h_cycles = 2;
  request.spec.model.l_cycles = 2;
  request.spec.model.canvas_side = dataset.canvas.side;
  request.spec.train.batch = 8;
  request.spec.train.warmup_steps = 2;
  request.spec.device = device;
  request.spec.max_steps = 5;
  double loss = 0;
  request.hooks.on_step = [&](const TrainStats& s) {
    loss = s.loss;
    return true;
  };
  ARCTRM_ASSIGN_OR_RETURN(const TrainResult result, Train(request));
  return std::make_pair(loss, result.steps_per_s);
}

}  // namespace

absl::StatusOr<int> RunDoctor(const DoctorFlags& flags) {
  const DeviceOptions device = {flags.common.device, flags.common.threads};
  std::vector<std::pair<std::string, std::string>> rows;
  rows.emplace_back("arctrm", ARCTRM_VERSION);
  utsname name = {};
  if (uname(&name) == 0) {
    rows.emplace_back("system", absl::StrCat(name.sysname, " ", name.release,
                                             " ", name.machine));
  }
  rows.emplace_back("processor", CpuField("model name"));
  rows.emplace_back("cores", absl::StrCat(std::thread::hardware_concurrency()));
  rows.emplace_back("vector units", VectorUnits());
  struct sysinfo info = {};
  if (sysinfo(&info) == 0) {
    rows.emplace_back(
        "memory",
        absl::StrFormat("%.1f GiB", static_cast<double>(info.totalram) *
                                        info.mem_unit / (1 << 30)));
  }
  for (auto& row : DescribeMachine()) rows.push_back(std::move(row));
  const std::string unused =
      device.device == "auto" ? UnusedGpuReason() : std::string();
  if (!unused.empty()) rows.emplace_back("warning", UnusedGpuText(unused));
  bool good = false;
  const absl::StatusOr<DeviceInfo> used =
      DescribeDevice(device, TrainOptions());
  if (!used.ok()) {
    rows.emplace_back("self-check", std::string(used.status().message()));
  } else {
    rows.emplace_back("device used", used->Text());
    const absl::StatusOr<std::pair<double, double>> check = SelfCheck(device);
    if (!check.ok()) {
      rows.emplace_back("self-check", std::string(check.status().message()));
    } else {
      good = std::isfinite(check->first);
      rows.emplace_back(
          "self-check",
          absl::StrFormat("%s: 5 training steps, loss %.3f, %.0f steps/s",
                          good ? "passed" : "FAILED", check->first,
                          check->second));
    }
  }
  if (flags.json) {
    nlohmann::ordered_json json = nlohmann::ordered_json::object();
    for (const auto& [key, value] : rows) json[key] = value;
    json["passed"] = good;
    ARCTRM_RETURN_IF_ERROR(PrintResult(
        json.dump(-1, ' ', /*ensure_ascii=*/true,
                  nlohmann::ordered_json::error_handler_t::replace) +
        "\n"));
  } else {
    std::string text;
    for (const auto& [key, value] : rows) {
      absl::StrAppendFormat(&text, "%-14s %s\n", key, value);
    }
    ARCTRM_RETURN_IF_ERROR(PrintResult(text));
  }
  return good ? kExitDone : kExitInternalError;
}

}  // namespace arctrm
