// SPDX-License-Identifier: MIT
// NCCL on the stand-in device: the functions that solver/distributed calls, for
// ranks on one machine, which exchange their data in shared memory. An
// operation runs when it is queued. If another rank does not come, the stream
// stalls: the host then finds it busy until the communicator is aborted.
#pragma once

namespace arctrm::standin {

// Has an operation of NCCL stalled the device?
bool Stalled();

}  // namespace arctrm::standin
