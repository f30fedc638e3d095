// SPDX-License-Identifier: MIT
#pragma once

/// The BLAS as a whole: what holds for all of its products.
namespace quanta::train {

/// Leaves the project's pool the threads (the BLAS takes none of its own) and sees that it uses
/// the instructions that the processor has. Before the first product, from any thread; later calls
/// do nothing. OPENBLAS_CORETYPE, if set, decides instead.
void PrepareBlas();

/// The kernels in use, by OpenBLAS' name for them ("SkylakeX"), after PrepareBlas. Lives for ever.
const char* BlasKernels();

}  // namespace quanta::train
