#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/masking/mask.hpp"

namespace headgate::gateway {

/// JSON, by its tokens and not by its grammar: what is cut off or broken is masked as far as it goes.
class JsonMasking {
public:
    JsonMasking(const Mask& mask, std::string_view text, int depth) : mask_(mask), text_(text), depth_(depth) {}
    [[nodiscard]] std::string run();

private:
    struct Level {
        bool object = false;
        bool hidden = false;  // all that is in it is personal
        std::string key;      // the member at hand; of a list, the list's own
        std::string inside;   // the member that this is the value of
        std::string pair;     // of { "name": "email", "value": … } the name
    };

    void open(bool object);
    void close();
    void string();
    void scalar();
    [[nodiscard]] bool hidden(std::string_view value) const;
    [[nodiscard]] bool before_colon() const;

    const Mask& mask_;
    std::string_view text_;
    int depth_;
    std::size_t at_ = 0;
    std::string out_;
    std::vector<Level> levels_{{}};
};

/// XML in the same way: elements and attributes by their names without prefix.
class XmlMasking {
public:
    XmlMasking(const Mask& mask, std::string_view text, int depth) : mask_(mask), text_(text), depth_(depth) {}
    [[nodiscard]] std::string run();

private:
    struct Element {
        std::string name;
        std::string pair;  // its attribute `name`
        bool hidden = false;
    };

    void tag();
    void attributes(std::string_view inside, Element& element);
    void text(std::string_view raw, bool entities);
    [[nodiscard]] std::string shown(std::string_view raw, bool entities, bool hidden) const;

    const Mask& mask_;
    std::string_view text_;
    int depth_;
    std::size_t at_ = 0;
    std::string out_;
    std::vector<Element> elements_;
};

}  // namespace headgate::gateway
