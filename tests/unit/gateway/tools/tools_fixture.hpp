#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "gateway/tools/run_cases.hpp"

namespace headgate::gateway {

namespace fs = std::filesystem;

/// A shipped configuration of one small canonical type, `thing`, and one connector, `acme`.
class ToolsTest : public ::testing::Test {
protected:
    ToolsTest()
    {
        std::string name = (fs::temp_directory_path() / "headgate-tools-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
        write("canonical/thing.json", R"({
            "x-order": "latest", "type": "object", "additionalProperties": false, "required": ["number"],
            "properties": {
                "number": {"type": "string"}, "state": {"type": "string", "enum": ["open", "closed"]},
                "made_at": {"$ref": "#/$defs/timestamp"}, "currency": {"type": "string"},
                "total": {"$ref": "#/$defs/money"}, "secret_note": {"type": "string"},
                "ship_to": {"type": "object", "additionalProperties": false,
                            "properties": {"city": {"type": "string"}, "postal_code": {"type": "string"}}},
                "lines": {"type": "array", "items": {"type": "object", "additionalProperties": false,
                          "required": ["line_id"],
                          "properties": {"line_id": {"type": "string"}, "net": {"$ref": "#/$defs/money"}}}}
            },
            "$defs": {
                "timestamp": {"type": "string"},
                "money": {"type": "object", "properties": {"amount": {"type": "string"}, "currency": {"type": "string"}}}
            }
        })");
        write("connectors/acme/connector.yaml",
              "title: Acme\nsignature: { hmac: { header: X-Sign } }\n"
              "identity: { topic: $headers.\"x-topic\", idempotency_key: .event }\nkeep_headers: [x-topic]\n"
              "document: .order\ntopics: { placed: { mappings: [thing] }, other: {} }\n"
              "send: { topic: placed, headers: [ { name: X-Topic, value: \"{topic}\" } ] }\n");
        write("connectors/acme/mappings/thing.yaml",
              "transaction: thing\nentity: thing/{.number}\nversion: .revision\nwhen: not .test\nfields:\n"
              "  number: .number | string\n  state: .state\n  made_at: .made | timestamp(\"%Y-%m-%d %H:%M\")\n"
              "  lines:\n    each: .items\n    fields:\n      line_id: .id | required\n"
              "      net: .price | money(\"EUR\")\n");
        write("connectors/acme/samples/thing.json",
              R"({"event":"e1","order":{"number":7,"revision":2,"state":"open","made":"2026-11-02 15:30",
                 "items":[{"id":"a","price":"2.5"},{"id":"b","price":"3"}]}})");
    }
    ~ToolsTest() override
    {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }

    void write(const std::string& file, const std::string& text) const
    {
        const fs::path path = folder_ + "/" + file;
        fs::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << text;
    }

    [[nodiscard]] std::string read(const std::string& file) const
    {
        std::ifstream stream(folder_ + "/" + file, std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    [[nodiscard]] CasesFolder cases() const
    {
        CasesFolder folder;
        folder.connectors = folder_ + "/connectors";
        folder.options.folder = folder_;
        folder.options.shipped = folder_;
        return folder;
    }

    /// Runs the one case of acme that says this behind its input.
    [[nodiscard]] CaseResult run(const std::string& rest) const
    {
        write("connectors/acme/cases/one.yaml", "input: ../samples/thing.json\ntopic: placed\n" + rest);
        return run_cases(cases(), "acme").front();
    }

    std::string folder_;
};

}  // namespace headgate::gateway
