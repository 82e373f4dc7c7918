// Cuts of unequal weight for processors of unequal speed; private to this room.
#pragma once

#include <filesystem>
#include <vector>

#include "staronnx/machine/machine.h"
#include "staronnx/plan/compile.h"
#include "staronnx/plan/study.h"

namespace staronnx {

// For a machine with GPUs: METIS' cuts for many shares, down to 2 % for one end or the middle, are built in `directory`; those that the
// machine's bound makes use of, by added-up node times, without or with the latency limit, are added to `variants`, the files of the
// others removed. Named after their shares: "k2-10-90". Adds nothing on other machines.
Status add_unequal_variants(const Study& study, const Machine& machine, const CompileRequest& request,
                            const std::filesystem::path& directory, std::vector<Variant>& variants);

}  // namespace staronnx
