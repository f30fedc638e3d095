// SPDX-License-Identifier: MIT
#include "runtime/cli/json.h"

#include "runtime/cli/output.h"

namespace quanta::cli {

void WriteJson(const Json& value, int indent) {
  Write(value.dump(indent, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n");
}

Json ModelFacts(const Model& model) {
  const ModelInfo& info = model.info();
  Json facts = {{"family", info.family},
                {"source", info.source},
                {"license", info.license},
                {"quantization", info.quantization},
                {"tool", info.tool},
                {"layers", info.layers},
                {"hidden", info.hidden},
                {"heads", info.heads},
                {"kv_heads", info.kv_heads},
                {"head_dim", info.head_dim},
                {"ffn", info.ffn},
                {"vocab", info.vocab},
                {"context", info.context},
                {"parameters", info.parameters},
                {"data_bytes", info.data_bytes},
                {"decode_bytes", info.decode_bytes},
                {"file_bytes", info.file_bytes},
                {"compressed", info.compressed},
                {"chat_template", info.has_chat_template},
                {"self_test", info.has_self_test}};
  facts["signed_by"] = info.is_signed ? Json(Hex(info.public_key, 32)) : Json(nullptr);
  return facts;
}

std::string Hex(const uint8_t* bytes, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    out += kDigits[bytes[i] >> 4];
    out += kDigits[bytes[i] & 15];
  }
  return out;
}

}  // namespace quanta::cli
