// SPDX-License-Identifier: MIT
#include "runtime/format/roles.h"

namespace quanta::format {
namespace {

constexpr RoleSet kGlobalRoles = RoleBit(Role::kEmbedding) | RoleBit(Role::kPosition) |
                                 RoleBit(Role::kHead) | RoleBit(Role::kHeadBias) |
                                 RoleBit(Role::kFinalNorm) | RoleBit(Role::kFinalNormBias);

constexpr RoleSet kVectorRoles =
    RoleBit(Role::kHeadBias) | RoleBit(Role::kFinalNorm) | RoleBit(Role::kFinalNormBias) |
    RoleBit(Role::kAttentionNorm) | RoleBit(Role::kAttentionNormBias) | RoleBit(Role::kQBias) |
    RoleBit(Role::kKBias) | RoleBit(Role::kVBias) | RoleBit(Role::kQNorm) | RoleBit(Role::kKNorm) |
    RoleBit(Role::kOBias) | RoleBit(Role::kAttentionPostNorm) |
    RoleBit(Role::kAttentionPostNormBias) | RoleBit(Role::kFfnNorm) | RoleBit(Role::kFfnNormBias) |
    RoleBit(Role::kGateBias) | RoleBit(Role::kUpBias) | RoleBit(Role::kDownBias) |
    RoleBit(Role::kFfnPostNorm) | RoleBit(Role::kFfnPostNormBias);

/// Collects what an architecture has.
struct Collector {
  RoleSets sets;

  void Require(Role role) {
    sets.required |= RoleBit(role);
    sets.allowed |= RoleBit(role);
  }
  void Allow(Role role) { sets.allowed |= RoleBit(role); }
  void RequireWithBias(Role role, Role bias) {
    Require(role);
    Allow(bias);
  }
};

}  // namespace

RoleSets ModelRoles(const Architecture& a) {
  Collector sets;
  sets.Require(Role::kEmbedding);
  sets.Allow(Role::kPosition);
  sets.Allow(Role::kHead);
  sets.Allow(Role::kHeadBias);
  if (a.final_norm) sets.RequireWithBias(Role::kFinalNorm, Role::kFinalNormBias);
  return sets.sets;
}

RoleSets LayerRoles(const Architecture& a) {
  Collector sets;
  if (a.norm_placement != NormPlacement::kPost) {
    sets.RequireWithBias(Role::kAttentionNorm, Role::kAttentionNormBias);
    sets.RequireWithBias(Role::kFfnNorm, Role::kFfnNormBias);
  }
  if (a.norm_placement != NormPlacement::kPre) {
    sets.RequireWithBias(Role::kAttentionPostNorm, Role::kAttentionPostNormBias);
    sets.RequireWithBias(Role::kFfnPostNorm, Role::kFfnPostNormBias);
  }
  sets.RequireWithBias(Role::kQ, Role::kQBias);
  sets.RequireWithBias(Role::kK, Role::kKBias);
  sets.RequireWithBias(Role::kV, Role::kVBias);
  sets.Allow(Role::kQNorm);
  sets.Allow(Role::kKNorm);
  sets.RequireWithBias(Role::kO, Role::kOBias);
  if (a.gated) sets.RequireWithBias(Role::kGate, Role::kGateBias);
  sets.RequireWithBias(Role::kUp, Role::kUpBias);
  sets.RequireWithBias(Role::kDown, Role::kDownBias);
  return sets.sets;
}

bool IsModelRole(Role role) { return (kGlobalRoles & RoleBit(role)) != 0; }
bool IsVectorRole(Role role) { return (kVectorRoles & RoleBit(role)) != 0; }

RoleShape ShapeOf(const Architecture& a, Role role) {
  const uint32_t q = a.heads * a.head_dim;  // at most kMaxWidth
  const uint32_t kv = a.kv_heads * a.head_dim;
  switch (role) {
    case Role::kEmbedding:
    case Role::kHead:
      return {a.vocab, a.hidden};
    case Role::kPosition:
      return {a.context, a.hidden};
    case Role::kHeadBias:
      return {1, a.vocab};
    case Role::kQ:
      return {q, a.hidden};
    case Role::kQBias:
      return {1, q};
    case Role::kK:
    case Role::kV:
      return {kv, a.hidden};
    case Role::kKBias:
    case Role::kVBias:
      return {1, kv};
    case Role::kQNorm:
    case Role::kKNorm:
      return {1, a.head_dim};
    case Role::kO:
      return {a.hidden, q};
    case Role::kGate:
    case Role::kUp:
      return {a.ffn, a.hidden};
    case Role::kGateBias:
    case Role::kUpBias:
      return {1, a.ffn};
    case Role::kDown:
      return {a.hidden, a.ffn};
    case Role::kFinalNorm:
    case Role::kFinalNormBias:
    case Role::kAttentionNorm:
    case Role::kAttentionNormBias:
    case Role::kOBias:
    case Role::kAttentionPostNorm:
    case Role::kAttentionPostNormBias:
    case Role::kFfnNorm:
    case Role::kFfnNormBias:
    case Role::kDownBias:
    case Role::kFfnPostNorm:
    case Role::kFfnPostNormBias:
      break;
  }
  return {1, a.hidden};
}

}  // namespace quanta::format
