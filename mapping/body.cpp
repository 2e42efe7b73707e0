#include "mapping/body.hpp"

#include <array>
#include <memory_resource>

#include "mapping/anywhere.hpp"
#include "mapping/compile_values.hpp"
#include "mapping/compiled.hpp"
#include "mapping/functions.hpp"

namespace headgate::mapping {

std::expected<Body, Problems> Body::load(const SourceFile& source, std::span<const std::string_view> keys,
                                         BodyFormat format)
{
    Problems problems;
    const auto file = YamlFile::parse(source.file, source.text, problems);
    if (!file)
        return std::unexpected(std::move(problems));
    YAML::Node node = file->root();
    for (const auto key : keys) {
        if (!node.IsMap() || !node[std::string(key)])
            return std::unexpected(
                Problems{file->problem(node, "missing_key", "`" + std::string(key) + "` must be given here", "")});
        node.reset(node[std::string(key)]);
    }
    auto made = std::make_shared<CompiledValue>();
    ValueCompiler compiler(made->program, made->files, nullptr, nullptr, problems);
    compiler.enter(*file);
    made->block = compiler.value(node, nullptr, Names{});
    const auto looks_up = [](const Expr& expr) { return expr.function != nullptr && expr.function->reads; };
    if (holds_anywhere(made->block, looks_up))
        problems.push_back(file->problem(node, "unknown_function", "`lookup` works in mappings only, not here", ""));
    if (!problems.empty())
        return std::unexpected(std::move(problems));
    return Body(std::move(made), format);
}

Result<std::string> Body::text(const MappingContext& context) const
{
    std::array<std::byte, 4096> buffer;
    std::pmr::monotonic_buffer_resource arena(buffer.data(), buffer.size());
    Run run(context, nullptr, value_->program.slots, arena);
    Value value;
    std::string out;
    if (!evaluate(value_->block, run, value) || !append_body(run, value_->block.site, format_, value, false, out))
        return std::unexpected(std::move(run.failure));
    return out;
}

}  // namespace headgate::mapping
