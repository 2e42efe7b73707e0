#include <cctype>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "connectors/formats/json.hpp"

namespace headgate::connectors {
namespace {

/// "ok", or the code of the failure.
std::string outcome_of(std::string_view bytes)
{
    const std::vector<char> exact(bytes.begin(), bytes.end());
    const auto document = read_json({exact.data(), exact.size()});
    return document ? "ok" : document.error().code;
}

/// RFC 8259 as written, character by character; knows nothing of limits and repeated names.
class Recogniser {
public:
    explicit Recogniser(std::string_view text) : text_(text) {}
    bool run() { return space() && value() && space() && at_ == text_.size(); }

private:
    [[nodiscard]] char now() const { return at_ < text_.size() ? text_[at_] : '\x01'; }
    bool take(char letter) { return now() == letter ? (++at_, true) : false; }
    bool word(std::string_view all) { return text_.substr(at_, all.size()) == all ? (at_ += all.size(), true) : false; }
    bool space()
    {
        while (at_ < text_.size() && (now() == ' ' || now() == '\n' || now() == '\r' || now() == '\t'))
            ++at_;
        return true;
    }
    bool digits()
    {
        const auto from = at_;
        while (now() >= '0' && now() <= '9')
            ++at_;
        return at_ > from;
    }
    bool number()
    {
        take('-');
        if (!take('0') && !digits())
            return false;
        if (take('.') && !digits())
            return false;
        if (take('e') || take('E'))
            return (take('+') || take('-') || true) && digits();
        return true;
    }
    int unit()
    {
        int value = 0;
        for (int i = 0; i < 4; ++i, ++at_) {
            if (!std::isxdigit(static_cast<unsigned char>(now())))
                return -1;
            value = value * 16 + std::stoi(std::string(1, now()), nullptr, 16);
        }
        return value;
    }
    bool text()
    {
        if (!take('"'))
            return false;
        while (!take('"')) {
            if (at_ >= text_.size() || static_cast<unsigned char>(now()) < 0x20)
                return false;
            if (!take('\\')) {
                ++at_;
                continue;
            }
            if (!take('u')) {
                if (std::string_view("\"\\/bfnrt").find(now()) == std::string_view::npos)
                    return false;
                ++at_;
                continue;
            }
            const int high = unit();
            if (high < 0 || (high >= 0xdc00 && high < 0xe000))
                return false;
            if (high >= 0xd800 && high < 0xdc00) {
                if (!take('\\') || !take('u'))
                    return false;
                const int low = unit();
                if (low < 0xdc00 || low >= 0xe000)
                    return false;
            }
        }
        return true;
    }
    bool value()
    {
        switch (now()) {
        case '"': return text();
        case 't': return word("true");
        case 'f': return word("false");
        case 'n': return word("null");
        case '[':
        case '{': break;
        default: return number();
        }
        const bool object = take('{') || !take('[');
        const char close = object ? '}' : ']';
        space();
        if (take(close))
            return true;
        do {
            space();
            if (object && !(text() && space() && take(':') && space()))
                return false;
            if (!value())
                return false;
            space();
        } while (take(','));
        return take(close);
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

TEST(JsonGrammarTest, AcceptsWhatTheGrammarAcceptsThroughAHundredThousandMutations)
{
    const std::vector<std::string> seeds = {
        R"({"id":450789469,"name":"#1001","lines":[{"sku":"A\u00e91","price":"19.990","qty":-1.5e+3,"ok":true},{"x":null,"y":[]}],"t":{}})",
        R"([1,"a",{"b":[false,{"c":"\\\"\/\ud83d\ude00"}]},0.10,[[[]]]])", R"("just \n text")", "-12.5e10"};
    const std::string letters = "{}[]\",:\\ \n0123456789.eE+-truefalsn/ubx\x01\t";
    std::mt19937 random(8259);  // NOLINT(cert-msc51-cpp): the same mutations each time
    const auto below = [&random](std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
    };
    int accepted = 0;

    for (int round = 0; round < 100'000; ++round) {
        std::string text = seeds[below(seeds.size())];
        for (std::size_t change = below(3) + 1; change > 0 && !text.empty(); --change) {
            const std::size_t at = below(text.size());
            switch (below(4)) {
            case 0: text[at] = letters[below(letters.size())]; break;
            case 1: text.insert(at, 1, letters[below(letters.size())]); break;
            case 2: text.erase(at, 1 + below(3)); break;
            default: text.resize(at); break;
            }
        }
        const std::string outcome = outcome_of(text);
        const bool refused = outcome.starts_with("json_") || outcome.starts_with("invalid_");
        if (outcome == "duplicate_key")
            continue;
        accepted += refused ? 0 : 1;
        ASSERT_EQ(!refused, Recogniser(text).run()) << text << " -> " << outcome;
    }
    EXPECT_GT(accepted, 5'000);
}

}  // namespace
}  // namespace headgate::connectors
