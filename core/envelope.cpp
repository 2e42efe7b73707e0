#include "core/envelope.hpp"

#include <cstring>
#include <utility>

#include "core/packed.hpp"

namespace headgate {

namespace {

constexpr char format_version = 1;
constexpr char edited_version = 2;    // the same with the edits behind the headers
constexpr char imported_version = 3;  // and with what it was a letter for behind these
constexpr char intake_version = 4;    // and with how it came

void put_number(std::string& out, std::uint64_t value)  // LEB128
{
    while (value >= 0x80U) {
        out += static_cast<char>(0x80U | (value & 0x7fU));
        value >>= 7U;
    }
    out += static_cast<char>(value);
}

void put(std::string& out, std::string_view text)
{
    put_number(out, text.size());
    out += text;
}

class Reader {
public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}

    std::uint64_t number()
    {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            if (at_ >= bytes_.size())
                break;
            const auto byte = static_cast<std::uint8_t>(bytes_[at_++]);
            value |= std::uint64_t{byte & 0x7fU} << shift;
            if ((byte & 0x80U) == 0)
                return value;
        }
        broken_ = true;
        return 0;
    }

    std::string_view text()
    {
        const auto size = number();
        if (broken_ || size > bytes_.size() - at_) {
            broken_ = true;
            return {};
        }
        const auto view = bytes_.substr(at_, size);
        at_ += size;
        return view;
    }

    std::string_view rest() { return bytes_.substr(at_); }
    [[nodiscard]] bool broken() const { return broken_; }

private:
    std::string_view bytes_;
    std::size_t at_ = 0;
    bool broken_ = false;
};

std::unexpected<Failure> unreadable(std::string detail)
{
    return fail(FailureClass::permanent, "envelope_unreadable", std::move(detail));
}

}  // namespace

std::string encode(const Envelope& envelope)
{
    std::string out;
    out.reserve(512 + envelope.body.size() + envelope.body.size() / 128);
    const char version = !envelope.intake.empty()     ? intake_version
                         : !envelope.imported.empty() ? imported_version
                         : !envelope.edits.empty()    ? edited_version
                                                      : format_version;
    out += version;
    out += view(envelope.event.bytes());
    put(out, envelope.source);
    put(out, envelope.channel);
    put(out, envelope.topic);
    put(out, envelope.idempotency_key);
    put(out, envelope.order_key);
    put(out, envelope.conflict_of);
    put_number(
        out,
        static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::milliseconds>(envelope.received_at.time_since_epoch()).count()));
    put_number(out, envelope.headers.size());
    for (const auto& [name, value] : envelope.headers) {
        put(out, name);
        put(out, value);
    }
    if (version >= edited_version)
        put(out, envelope.edits);
    if (version >= imported_version)
        put(out, envelope.imported);
    if (version >= intake_version)
        put(out, envelope.intake);
    append_packed(out, envelope.body);
    if (out.capacity() > 2 * out.size())  // it is kept until history has it
        out.shrink_to_fit();
    return out;
}

namespace {

/// Everything in front of the body; `packed` gets the body's zstd frame.
Result<Envelope> read_head(std::string_view bytes, std::string_view& packed)
{
    if (bytes.size() < 17 || bytes[0] < format_version || bytes[0] > intake_version)
        return unreadable("the stored event is not of a format this version reads");
    Envelope envelope;
    EventId event;
    std::memcpy(&event, bytes.data() + 1, 16);
    envelope.event = event;

    Reader reader(bytes.substr(17));
    envelope.source = reader.text();
    envelope.channel = reader.text();
    envelope.topic = reader.text();
    envelope.idempotency_key = reader.text();
    envelope.order_key = reader.text();
    envelope.conflict_of = reader.text();
    envelope.received_at = std::chrono::system_clock::time_point{std::chrono::milliseconds{reader.number()}};
    for (auto left = reader.number(); left > 0 && !reader.broken(); --left) {
        std::string name{reader.text()};
        envelope.headers.emplace_back(std::move(name), reader.text());
    }
    if (bytes[0] >= edited_version)
        envelope.edits = reader.text();
    if (bytes[0] >= imported_version)
        envelope.imported = reader.text();
    if (bytes[0] >= intake_version)
        envelope.intake = reader.text();
    if (reader.broken())
        return unreadable("the stored event ends too early");
    packed = reader.rest();
    return envelope;
}

}  // namespace

Result<Envelope> decode_envelope_head(std::string_view bytes)
{
    std::string_view packed;
    return read_head(bytes, packed);
}

Result<Envelope> decode_envelope(std::string_view bytes, std::size_t max_body)
{
    std::string_view packed;
    auto envelope = read_head(bytes, packed);
    if (!envelope)
        return envelope;
    auto body = unpacked(packed, max_body);
    if (!body)
        return unreadable("the stored body is not one whole zstd frame within the limit");
    envelope->body = std::move(*body);
    return envelope;
}

}  // namespace headgate
