// SPDX-License-Identifier: MIT
// The host's side of the stand-in: waits, and copies that are under way until a
// wait.
#pragma once

#include "tests/solver/standin/streams.h"

namespace arctrm::standin {

// The host waits for everything before `event`, or knows that it is done
// without waiting. Throws c10::Error if pinned memory changed while a copy from
// it was under way.
void WaitFor(const Clock& event);
void KnowDone(const Clock& event);
// The host waits for the current stream. `what` names the reason.
void WaitForCurrentStream(const char* what);

// Copies between device and host. With `non_blocking` and pinned memory the
// copy is under way until a wait: memory of the host then holds garbage.
void CopyToHost(const at::Tensor& from, const at::Tensor& to,
                bool non_blocking);
void CopyToDevice(const at::Tensor& from, const at::Tensor& to,
                  bool non_blocking);

}  // namespace arctrm::standin
