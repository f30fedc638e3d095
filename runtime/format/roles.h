// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "runtime/format/model_view.h"

/// Which tensors an architecture has, and in which shapes (docs/format.md, Roles and
/// shapes). The reader checks files against it, the converter checkpoints.
namespace quanta::format {

/// A set of roles, one bit each.
using RoleSet = uint32_t;
static_assert(kRoles <= 32, "a set of roles is a uint32_t");
constexpr RoleSet RoleBit(Role role) { return RoleSet{1} << static_cast<uint32_t>(role); }

/// The roles that one layer, or the model outside its layers, must and may have.
struct RoleSets {
  RoleSet required = 0;
  RoleSet allowed = 0;  ///< includes the required ones
};
RoleSets ModelRoles(const Architecture& architecture);
RoleSets LayerRoles(const Architecture& architecture);

bool IsModelRole(Role role);   ///< of the model outside its layers
bool IsVectorRole(Role role);  ///< [1, n], stored as f32

struct RoleShape {
  uint32_t rows, columns;
};
/// Of a position table: the least rows it may have. Needs sizes that ValidateArchitecture
/// accepts.
RoleShape ShapeOf(const Architecture& architecture, Role role);

}  // namespace quanta::format
