#include "mapping/mapping.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <memory_resource>
#include <set>
#include <utility>

#include "mapping/compiled.hpp"
#include "mapping/functions.hpp"
#include "mapping/invariants.hpp"
#include "mapping/json_text.hpp"
#include "mapping/run.hpp"
#include "mapping/totals.hpp"

namespace headgate::mapping {

namespace {

std::optional<SourceFile> read_file(const std::string& path)
{
    std::ifstream stream(path, std::ios::binary);
    if (!stream)
        return std::nullopt;
    return SourceFile{path, {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()}};
}

void bind(const std::vector<Block::Let>& lets, Run& run)
{
    for (const Block::Let& let : lets) {
        Slot& slot = run.slots[static_cast<std::size_t>(let.slot)];
        slot = {
            .state = Slot::State::waiting, .source = let.value.get(), .dot = run.dot, .index = run.index, .value = {}};
    }
}

/// Whether a list is, or was taken from, what a function makes of items that have no place in the document.
bool has_no_places(const Expr& list)  // NOLINT(misc-no-recursion)
{
    static constexpr std::array<std::string_view, 4> makers{"group_by", "split", "entries", "json"};
    return list.function != nullptr && (std::ranges::find(makers, list.function->name) != makers.end() ||
                                        (!list.args.empty() && has_no_places(*list.args.front())));
}

/// Makes the transactions of one plan.
class Mapper {
public:
    Mapper(const CompiledMapping& mapping, const MappingContext& context, std::vector<Transaction>& made)
        : mapping_(mapping),
          context_(context),
          made_(made)
    {}

    /// From here on every transaction is tried, and explained.
    void explain(Explain what, std::vector<ExplainedTransaction>& explained)
    {
        what_ = what;
        explained_ = &explained;
    }

    Result<void> apply(const Plan& plan)
    {
        std::array<std::byte, 4096> buffer;
        std::pmr::monotonic_buffer_resource arena(buffer.data(), buffer.size());
        if (!plan.each)
            return one(plan, nullptr, 0);
        Run run(context_, mapping_.vocabularies, mapping_.program.slots, arena);
        bind(mapping_.lets, run);
        Value list;
        if (!evaluate(*plan.each, run, list)) {
            if (explained_ == nullptr)
                return std::unexpected(std::move(run.failure));
            explained_->push_back({plan.name, std::nullopt, {std::move(run.failure)}, {}});
            return {};
        }
        if (list.is_null())
            return {};
        warnings_ = std::move(run.warnings);  // of the list itself: the first transaction has them
        Result<void> done;
        std::int64_t place = 0;
        each_item(list, [&](const Value& item) {
            done = one(plan, &item, place++);
            return done.has_value();
        });
        return done;
    }

private:
    Result<void> one(const Plan& plan, const Value* item, std::int64_t place)
    {
        std::array<std::byte, 32768> buffer;
        std::pmr::monotonic_buffer_resource arena(buffer.data(), buffer.size());
        Run run(context_, mapping_.vocabularies, mapping_.program.slots, arena);
        bind(mapping_.lets, run);
        if (item != nullptr) {
            run.dot = *item;
            run.index = place;
            if (plan.as >= 0)
                run.slots[static_cast<std::size_t>(plan.as)].value = *item;
        }
        bind(plan.lets, run);
        run.warnings = std::exchange(warnings_, {});
        std::optional<Account> account;
        if (explained_ != nullptr)
            run.account = &account.emplace(Account{.all = what_.all, .trace = what_.trace});
        Transaction transaction;
        bool wanted = true;
        const bool done = make(plan, run, transaction, wanted);
        steps_ += run.steps;
        output_ += transaction.json.size();
        if (steps_ > limits::document_steps)
            return too_much("limit_steps", "the mapping takes more than 20,000,000 steps for one document", plan);
        if (output_ > limits::document_output)
            return too_much("limit_output", "the transactions of one document are larger than 64 MiB", plan);
        if (!wanted)
            return {};
        if (made_.size() >= limits::transactions)
            return headgate::fail(FailureClass::permanent, "limit_transactions",
                                  "the document makes more than 10,000 transactions");
        transaction.slot.mapping = plan.name;
        if (item != nullptr) {
            transaction.slot.place = place_of(*item, place);
            // Two of one place would be one effect, and the second would count as done.
            if (!places_.insert(transaction.slot.text()).second)
                return headgate::fail(
                    FailureClass::permanent, "place_repeated",
                    "`each` gives the same place of the document twice, so its transactions could not be "
                    "told apart; take each place once, or `split` and `entries` for parts",
                    {context_.document.pointer(item->node), text_of(plan.each->site)});
        }
        transaction.warnings = std::move(run.warnings);
        if (account) {
            if (!done)
                account->failures.push_back(std::move(run.failure));
            ExplainedTransaction& explained = explained_->emplace_back();
            explained.slot = transaction.slot.text();
            if (account->failures.empty())
                explained.transaction = transaction;
            explained.failures = std::move(account->failures);
            explained.fields = std::move(account->fields);
        } else if (!done) {
            auto failure = std::move(run.failure);
            if (context_.unmade != nullptr)
                *context_.unmade = unmade(plan, run, transaction);
            return std::unexpected(std::move(failure));
        }
        made_.push_back(std::move(transaction));
        return {};
    }

    /// Its order number may be told whatever else failed.
    Unmade unmade(const Plan& plan, Run& run, const Transaction& made) const
    {
        run.has_failed = true;
        Unmade known{plan.type->name, made.entity, {}, {}};
        const auto field = std::ranges::find(plan.fields.fields, "order_number", &Block::Field::name);
        Value value;
        if (field != plan.fields.fields.end() && evaluate(field->value, run, value) && !value.is_null())
            if (const auto text = text_of(value, run.arena))
                known.order_number = *text;
        if (context_.searched != nullptr)
            if (const auto of = context_.searched->find(plan.type->name); of != context_.searched->end())
                for (const auto& name : of->second)
                    if (auto part = part_of(plan.fields, name, run))
                        known.parts.push_back(std::move(*part));
        return known;
    }

    /// As much of a field as can be made, whatever failed beside it.
    static std::optional<Unmade::Part> part_of(const Block& fields, const std::string& name, Run& run)
    {
        const Block* block = &fields;
        std::string_view rest = name;
        while (block->kind == Block::Kind::object && !rest.empty()) {
            const auto dot = std::min(rest.find('.'), rest.size());
            const auto field = std::ranges::find(block->fields, rest.substr(0, dot), &Block::Field::name);
            if (field == block->fields.end())
                return std::nullopt;
            block = &field->value;
            rest.remove_prefix(std::min(dot + 1, rest.size()));
        }
        Unmade::Part part{name, std::string(rest), {}};
        Value value;
        if (!evaluate(*block, run, value) || !append_json(part.json, value, limits::output))
            return std::nullopt;
        return part;
    }

    static Result<void> too_much(std::string_view code, std::string_view detail, const Plan& plan)
    {
        return headgate::fail(FailureClass::permanent, std::string(code), std::string(detail),
                              {{}, text_of(plan.site)});
    }

    bool make(const Plan& plan, Run& run, Transaction& made, bool& wanted)
    {
        if (plan.when) {
            const auto held = holds(*plan.when, run);
            if (!held)
                return false;
            wanted = *held;
            if (!wanted)
                return true;
        }
        made.type = plan.type->name;
        made.family = plan.type->family;
        made.order = plan.type->order;
        if (!identity(run, *plan.entity, "entity", made.entity) && !run.goes_on(0))
            return false;
        made.id = made.entity;
        if (plan.id && !identity(run, *plan.id, "id", made.id) && !run.goes_on(0))
            return false;
        if (plan.version && !version(run, *plan.version, made.version) && !run.goes_on(0))
            return false;
        for (const auto& [type, entity] : plan.parents)
            if (!parent(run, *type, entity, made.parents) && !run.goes_on(0))
                return false;

        Value fields;
        if (!evaluate(plan.fields, run, fields) && !run.goes_on(0))
            return false;
        if (run.kept() > 0)
            return true;  // what follows looks at a whole transaction, and this one is none
        if (fields.is_null())
            return fail(run, plan.fields.site, "missing_required", "every field is null");
        if (!check_totals(run, plan.fields, *plan.type, fields) ||
            !check_invariants(run, plan.fields, *plan.type->invariants, fields))
            return false;
        const auto overtaking = overtakes(run, *plan.type->invariants, fields);
        if (!overtaking)
            return false;
        made.overtakes = *overtaking;
        if (!append_json(made.json, fields, limits::output, false))
            return fail(run, plan.site, "limit_output", "the transaction is larger than 8 MiB");
        return true;
    }

    static bool identity_value(Run& run, const Block& block, std::string_view name, Value& value)
    {
        run.output.push_back({name});
        if (!evaluate(block, run, value))
            return false;
        if (value.is_null())
            return fail(run, block.site, "identity_missing", "is null");
        run.output.pop_back();
        return true;
    }

    static bool identity(Run& run, const Block& block, std::string_view name, std::string& out)
    {
        Value value;
        if (!identity_value(run, block, name, value))
            return false;
        const auto text = text_of(value, run.arena);
        if (!text)
            return fail(run, block.site, "wrong_kind",
                        std::string(name) + " is " + std::string(name_of(value.kind)) + " where a text is asked",
                        &value);
        out = *text;
        return true;
    }

    /// Null: this one has none of that type.
    static bool parent(Run& run, const CanonicalType& type, const Block& block, std::vector<Parent>& parents)
    {
        run.output.push_back({"depends_on"});
        Value value;
        if (!evaluate(block, run, value))
            return false;
        run.output.pop_back();
        if (value.is_null())
            return true;
        const auto text = text_of(value, run.arena);
        if (!text)
            return fail(run, block.site, "wrong_kind",
                        "depends_on: is " + std::string(name_of(value.kind)) + " where a text is asked", &value);
        parents.push_back({type.name, type.family, std::string(*text)});
        return true;
    }

    static bool version(Run& run, const Block& block, Version& version)
    {
        Value value;
        if (!identity_value(run, block, "version", value))
            return false;
        if (value.kind == Kind::time) {
            version = {Version::Kind::time, sortable_text_of(value.time())};
            return true;
        }
        if (value.kind == Kind::number) {
            const auto number = number_of(value);
            if (!number || !number->is_integer())
                return fail(run, block.site, "wrong_kind", "version: is a number that is not whole", &value);
            version = {Version::Kind::integer, number->text()};
            return true;
        }
        if (block.kind == Block::Kind::literal && value.text == "once") {
            version = {Version::Kind::once, {}};
            return true;
        }
        const auto text = text_of(value, run.arena);
        if (!text)
            return fail(
                run, block.site, "wrong_kind",
                "version: is " + std::string(name_of(value.kind)) + " where a time, an integer or a text is asked",
                &value);
        version = {Version::Kind::text, std::string(*text)};
        return true;
    }

    /// The item's JSON pointer from where `.` started, so that a wrapper around the object changes nothing.
    [[nodiscard]] std::string place_of(const Value& item, std::int64_t place) const
    {
        if (item.node == no_node || item.document != &context_.document)
            return std::to_string(place);
        const std::string root = context_.document.pointer(context_.root);
        std::string pointer = context_.document.pointer(item.node);
        return pointer.starts_with(root) ? pointer.substr(root.size()) : pointer;
    }

    const CompiledMapping& mapping_;
    const MappingContext& context_;
    std::vector<Transaction>& made_;
    std::vector<Warning> warnings_;
    std::set<std::string> places_;
    std::uint64_t steps_ = 0;  // of all that was tried
    std::size_t output_ = 0;
    Explain what_;
    std::vector<ExplainedTransaction>* explained_ = nullptr;
};

}  // namespace

FragmentLoader fragments_in(std::vector<std::string> folders)
{
    return [folders = std::move(folders)](std::string_view name) -> std::optional<SourceFile> {
        for (const std::string& folder : folders)
            if (auto source = read_file(folder + "/" + std::string(name) + ".yaml"))
                return source;
        return std::nullopt;
    };
}

MappingLoader mappings_in(std::vector<std::string> folders)
{
    return [folders = std::move(folders)](std::string_view name) {
        std::vector<BaseMapping> found;
        const auto slash = name.find('/');
        if (slash == 0 || slash == std::string_view::npos || name.find("..") != std::string_view::npos)
            return found;
        for (const std::string& folder : folders) {
            const std::string mappings = folder + "/connectors/" + std::string(name.substr(0, slash)) + "/mappings";
            if (auto source = read_file(mappings + "/" + std::string(name.substr(slash + 1)) + ".yaml"))
                found.push_back({std::move(*source), fragments_in({mappings + "/fragments"})});
        }
        return found;
    };
}

std::expected<Mapping, Problems> Mapping::load(const std::string& path, const Canonical& canonical,
                                               const Vocabularies& vocabularies, const FragmentLoader& fragments,
                                               const MappingLoader& mappings)
{
    const auto source = read_file(path);
    if (!source)
        return std::unexpected(Problems{{path, 0, 0, "unreadable", "the file cannot be read", ""}});
    return load(*source, canonical, vocabularies, fragments, mappings);
}

std::expected<Mapping, Problems> Mapping::load(const SourceFile& source, const Canonical& canonical,
                                               const Vocabularies& vocabularies, const FragmentLoader& fragments,
                                               const MappingLoader& mappings)
{
    Problems problems;
    auto compiled = compile_mapping(source, canonical, vocabularies, fragments, mappings, problems);
    if (!problems.empty())
        return std::unexpected(std::move(problems));
    return Mapping(std::move(compiled));
}

const std::string& Mapping::name() const
{
    return compiled_->name;
}
std::span<const std::string> Mapping::topics() const
{
    return compiled_->topics;
}

std::vector<std::string> Mapping::names() const
{
    std::vector<std::string> names;
    for (const Plan& plan : compiled_->plans)
        names.push_back(plan.name);
    return names;
}

bool Mapping::has_parents() const
{
    return std::ranges::any_of(compiled_->plans, [](const Plan& plan) { return !plan.parents.empty(); });
}

std::vector<ListedField> Mapping::listed_fields() const
{
    std::vector<ListedField> fields;
    for (const auto& [table, shape, falls_back] : compiled_->program.codes)
        fields.push_back({static_cast<const Vocabulary*>(table), &shape->words, falls_back});
    return fields;
}

Problems Mapping::notes() const
{
    Problems notes = compiled_->notes;
    for (const Plan& plan : compiled_->plans)
        if (plan.each && has_no_places(*plan.each))
            notes.push_back(
                {*plan.each->site.file, plan.each->site.line, plan.each->site.column, "place_by_index",
                 "these items stand nowhere in the document, so each is known by its index: a mapping that is "
                 "mended to make others takes one for another when an event is replayed",
                 "keep what they are made of and their order"});
    return notes;
}

std::vector<HeaderRead> Mapping::headers() const
{
    std::vector<HeaderRead> headers;
    const auto add = [&](const auto& from) {
        if (from)
            add_headers_read(*from, headers);
    };
    for (const Block::Let& let : compiled_->lets)
        add(let.value);
    for (const Plan& plan : compiled_->plans) {
        for (const Block::Let& let : plan.lets)
            add(let.value);
        for (const auto* block : {&plan.entity, &plan.id, &plan.version})
            add(*block);
        for (const auto& [type, entity] : plan.parents)
            add_headers_read(entity, headers);
        add(plan.each);
        add(plan.when);
        add_headers_read(plan.fields, headers);
    }
    return headers;
}

bool Mapping::takes(std::string_view topic) const
{
    return compiled_->topics.empty() || std::ranges::find(compiled_->topics, topic) != compiled_->topics.end();
}

Result<std::vector<Transaction>> Mapping::run(const MappingContext& context) const
{
    std::vector<Transaction> made;
    Mapper mapper(*compiled_, context, made);
    for (const Plan& plan : compiled_->plans)
        if (auto done = mapper.apply(plan); !done)
            return std::unexpected(std::move(done.error()));
    return made;
}

std::vector<ExplainedTransaction> Mapping::explain(const MappingContext& context, Explain what) const
{
    std::vector<Transaction> made;
    std::vector<ExplainedTransaction> explained;
    Mapper mapper(*compiled_, context, made);
    mapper.explain(what, explained);
    for (const Plan& plan : compiled_->plans)
        if (auto done = mapper.apply(plan); !done)  // a limit of the whole document
            explained.push_back({plan.name, std::nullopt, {std::move(done.error())}, {}});
    return explained;
}

}  // namespace headgate::mapping
