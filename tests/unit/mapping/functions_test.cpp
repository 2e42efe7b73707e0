#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "mapping/functions.hpp"
#include "tests/unit/mapping/small_types.hpp"

namespace headgate::mapping::test {
namespace {

// The function table of the language's page, as it is written there: name, expression, what it gives.
constexpr std::string_view table =
    R"table(default null | default("x") → "x"        ¦ required "a" | required("code") → "a"    ¦ exists null | exists → false             ¦ string 12.50 | string → "12.50"
integer "3.0" | integer → 3              ¦ trim " a " | trim → "a"                  ¦ lower "AB" | lower → "ab"                ¦ upper "ab" | upper → "AB"
fold "Café" | fold → "cafe"              ¦ replace "a-b" | replace("-", "") → "ab"  ¦ digits "+1 (502)" | digits → "1502"      ¦ split "a,b" | split(",") → ["a", "b"]
join ["a", "b"] | join(" ") → "a b"      ¦ ends_with "ab" | ends_with("b") → true   ¦ contains "abc" | contains("b") → true    ¦ pad_left "7" | pad_left(3, "0") → "007"
truncate "abcd" | truncate(2) → "ab"     ¦ matches "a1" | matches("[0-9]") → true   ¦ number "12.5" | number → 12.5            ¦ implied "12345" | implied(2) → 123.45
abs -3 | abs → 3                         ¦ negate 3 | negate → -3                   ¦ round 2.345 | round(2) → 2.35            ¦ divide 10 | divide(3, 4) → 3.3333
sum [1, "2.5"] | sum → 3.5               ¦ count [1, 2] | count → 2                 ¦ min [3, 1] | min → 1                     ¦ max [3, 1] | max → 3
amount "1" | money("JPY") | amount → "1" ¦ first [1, 2] | first → 1                 ¦ last [1, 2] | last → 2                   ¦ at [5, 6] | at(1) → 6
slice [5, 6, 7] | slice(1, 2) → [6, 7]   ¦ compact [1, null] | compact → [1]        ¦ concat [1] | concat([2]) → [1, 2]        ¦ flatten [[1], [2]] | flatten → [1, 2]
unique ["a", "a"] | unique → ["a"]       ¦ where [1, 2] | where(. > 1) → [2]        ¦ map [1, 2] | map(. * 2) → [2, 4]         ¦ any [1, 2] | any(. > 1) → true
all [1, 2] | all(. > 1) → false          ¦ sort_by [2, 1] | sort_by(.) → [1, 2]     ¦ get {a: 1} | get("a") → 1                ¦ json "[1]" | json → [1]
to_json ["a"] | to_json → "[\"a\"]"      ¦ base64 "hi" | base64 → "aGk="            ¦ unbase64 "aGk=" | unbase64 → "hi"        ¦ url "a b/c" | url → "a%20b%2Fc"
starts_with "ab" | starts_with("a") → true             ¦ strip_prefix "#1001" | strip_prefix("#") → "1001"      ¦ strip_suffix "a.gz" | strip_suffix(".gz") → "a"
substring "abcd" | substring(1, 2) → "bc"              ¦ capture "PO-77" | capture("([0-9]+)") → "77"           ¦ money "1.5" | money("EUR") | amount → "1.50"
price "0.0125" | price("EUR") | amount → "0.0125"      ¦ minor 1000 | minor("JPY") | amount → "1000"            ¦ to_minor "10.5" | money("EUR") | to_minor → 1050
currency "1" | money("JPY") | currency → "JPY"         ¦ date "20260102" | date("%Y%m%d") → "2026-01-02"        ¦ sha256 "" | sha256 | truncate(8) → "e3b0c442"
gtin "0-12345-67890-5" | gtin → "00012345678905"       ¦ xref "SKU-1" | xref("item", "erp") → "42"              ¦ entries {a: 1} | entries → [{"key": "a", "value": 1}]
allocate "1" | money("EUR") | allocate([1, 1, 1]) | map(.amount) → ["0.34", "0.33", "0.33"] ¦ quantity 3 | quantity("EA") → {"value": "3", "uom": "EA"}
convert 2 | quantity("CA") | convert("EA") → {"value": "24", "uom": "EA"}                ¦ timestamp "2026-01-02T03:04:05-05:00" | timestamp → "2026-01-02T08:04:05Z"
from_unix 1614265330 | from_unix → "2021-02-25T15:02:10Z"                                ¦ add_time "2026-01-02T00:00:00Z" | add_time("36h") → "2026-01-03T12:00:00Z"
format_time "2026-07-01T22:30:00Z" | format_time("%d.%m.%Y %H:%M", "Europe/Berlin") → "02.07.2026 00:30" ¦ group_by ["a", "a"] | group_by(.) → [{"key": "a", "items": ["a", "a"]}]
lookup_back "delivered" | lookup_back("tracking.ups") → "011"                            ¦ classify "way too small" | classify("return_reason.text") | get("code") → "size_fit"
lookup "011" | lookup("tracking.ups") → "delivered"                                      ¦ text "<p>a &amp; b</p>" | text → "a & b"
)table";

struct Example {
    std::string name;
    std::string expression;
    std::string expected;
};

std::string trimmed(std::string_view text)
{
    const auto begin = text.find_first_not_of(" \n");
    return begin == std::string_view::npos ? ""
                                           : std::string(text.substr(begin, text.find_last_not_of(" \n") - begin + 1));
}

std::vector<Example> examples()
{
    std::vector<Example> found;
    std::string text(table);
    for (auto at = text.find("¦"); at != std::string::npos; at = text.find("¦"))
        text.replace(at, std::string_view("¦").size(), "\n");
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        const std::string line = trimmed(std::string_view(text).substr(begin, end - begin));
        begin = end + 1;
        const auto space = line.find(' ');
        const auto arrow = line.find("→");
        if (space == std::string::npos || arrow == std::string::npos)
            continue;
        found.push_back({line.substr(0, space), trimmed(line.substr(space, arrow - space)),
                         trimmed(line.substr(arrow + std::string_view("→").size()))});
    }
    return found;
}

/// The page writes JSON with spaces behind commas and colons.
std::string without_spaces(std::string_view json)
{
    std::string text;
    bool quoted = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        if (json[i] == '"' && (i == 0 || json[i - 1] != '\\'))
            quoted = !quoted;
        if (quoted || json[i] != ' ')
            text += json[i];
    }
    return text;
}

/// The shipped tables, and a case of twelve.
Vocabularies tables()
{
    Vocabularies vocabularies = shipped_vocabularies();
    Vocabulary units = *vocabularies.find("uom_conversion");
    units.factors["CA"]["EA"] = Decimal(12);
    units.item_factors["SKU-9"]["CA"]["EA"] = Decimal(24);
    vocabularies.add(units);
    return vocabularies;
}

class SomeReferences : public CrossReferences {
public:
    [[nodiscard]] std::optional<std::string> find(std::string_view kind, std::string_view id,
                                                  std::string_view system) const override
    {
        return kind == "item" && id == "SKU-1" && system == "erp" ? std::optional<std::string>("42") : std::nullopt;
    }
};

TEST(MappingFunctions, EveryExampleOfTheTableHolds)
{
    const Vocabularies vocabularies = tables();
    const SomeReferences references;
    const auto all = examples();

    ASSERT_EQ(all.size(), 75U);
    for (Example example : all) {
        std::string document = "{}";
        if (example.expression.starts_with("{a: 1}")) {  // the table's only value that the language cannot write
            document = R"({"a": 1})";
            example.expression.replace(0, 6, ".");
        }
        EXPECT_EQ(evaluated(example.expression, document, &vocabularies, &references), without_spaces(example.expected))
            << example.name << ": " << example.expression;
    }
}

TEST(MappingFunctions, OnlyRequestsReadCrossReferences)
{
    const SomeReferences references;
    const auto of = [&](std::string_view call) { return evaluated(call, "{}", nullptr, &references); };

    EXPECT_EQ(evaluated("\"SKU-1\" | xref(\"item\", \"erp\")"), "!requests_only");
    EXPECT_EQ(of("\"SKU-2\" | xref(\"item\", \"erp\")"), "!reference_missing");
    EXPECT_EQ(of("\"SKU-2\" | xref(\"item\", \"erp\", \"0\")"), "\"0\"");
    EXPECT_EQ(of("null | xref(\"item\", \"erp\")"), "null");
    EXPECT_EQ(of("\"SKU-1\" | xref(\"item\", null)"), "!null_argument");
    const Document document = read_document("{}");
    const auto missing = Expression::compile_bare("\"x\" | xref(\"item\", \"erp\")", {}, Use::request)
                             ->json({.document = document, .references = &references});
    EXPECT_EQ(missing.error().failure_class, FailureClass::dependency);
}

TEST(MappingFunctions, UnitsConvertByTheTableAndNeverRound)
{
    const Vocabularies vocabularies = tables();
    const auto of = [&](std::string_view call) { return evaluated(call, "{}", &vocabularies); };

    EXPECT_EQ(of("2 | quantity(\"CA\") | convert(\"EA\", \"SKU-9\") | get(\"value\")"), "\"48\"");
    EXPECT_EQ(of("2 | quantity(\"CA\") | convert(\"EA\", \"SKU-1\") | get(\"value\")"), "\"24\"");
    EXPECT_EQ(of("24 | quantity(\"EA\") | convert(\"CA\")"), R"({"value":"2","uom":"CA"})");
    EXPECT_EQ(of("25 | quantity(\"EA\") | convert(\"CA\")"), "!qty_invalid");
    EXPECT_EQ(of("1.5 | quantity(\"KGM\") | convert(\"GRM\") | get(\"value\")"), "\"1500\"");
    EXPECT_EQ(of("0.123456 | quantity(\"LBR\") | convert(\"KGM\")"), "!qty_invalid");
    EXPECT_EQ(of("3 | quantity(\"EA\") | convert(\"EA\") | get(\"value\")"), "\"3\"");
    EXPECT_EQ(of("3 | quantity(\"EA\") | convert(\"KGM\")"), "!unmapped");
    EXPECT_EQ(of("3 | convert(\"EA\")"), "!wrong_kind");
    EXPECT_EQ(of("null | convert(\"EA\")"), "null");
    EXPECT_EQ(evaluated("3 | quantity(\"EA\") | convert(\"CA\")"), "!unknown_vocabulary");
}

TEST(MappingFunctions, TextIsWhatAReaderSees)
{
    const auto of = [](const std::string& html) {
        const Document document = [&] {
            DocumentBuilder builder;
            builder.open_object();
            builder.name("t");
            builder.text(builder.own(html));
            builder.close();
            return std::move(builder).finish();
        }();
        return Expression::compile_bare(".t | text")->text({.document = document}).value().value_or("null");
    };

    EXPECT_EQ(of("<p>Two</p><p>blocks<br>and  a\n line</p>"), "Two blocks and a line");
    EXPECT_EQ(of("in<b>line</b> <i class='a>b'>x</i>"), "inline x");
    EXPECT_EQ(of("a<!-- <b> -->b<script>if (a < b) x('</p>');</script>c<STYLE>p{}</Style>d"), "ab c d");
    EXPECT_EQ(of("&lt;b&gt; &amp;amp; &eacute;&#233;&#xE9;&#8364;&euro;&nbsp;x"), "<b> &amp; ééé€€ x");
    EXPECT_EQ(of("&#0; &#xD800; &#99999999999; &#150;"), "\uFFFD \uFFFD \uFFFD \u2013");
    EXPECT_EQ(of("a & b &unknown; &; 1 < 2 <3"), "a & b &unknown; &; 1 < 2 <3");
    EXPECT_EQ(of("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>&e;"), "]>&e;");
    EXPECT_EQ(of("cut <b"), "cut");
    EXPECT_EQ(of("<p> &nbsp; </p>"), "null");
}

TEST(MappingFunctions, SharesAddUpExactly)
{
    const auto of = [](std::string_view call) { return evaluated(call); };

    EXPECT_EQ(of("\"0.05\" | money(\"EUR\") | allocate([1, 1]) | map(.amount)"), R"(["0.03","0.02"])");
    EXPECT_EQ(of("\"-1\" | money(\"EUR\") | allocate([1, 1, 1]) | map(.amount)"), R"(["-0.34","-0.33","-0.33"])");
    EXPECT_EQ(of("\"10\" | money(\"JPY\") | allocate([0, \"2.5\", 1]) | map(.amount)"), R"(["0","7","3"])");
    EXPECT_EQ(of("\"1\" | money(\"EUR\") | allocate([9, 1] | map(. | money(\"EUR\"))) | sum | amount"), "\"1.00\"");
    EXPECT_EQ(of("\"1\" | money(\"EUR\") | allocate([0, 0])"), "!wrong_argument");
    EXPECT_EQ(of("\"1\" | money(\"EUR\") | allocate([])"), "!wrong_argument");
    EXPECT_EQ(of("\"1\" | money(\"EUR\") | allocate([1, -1])"), "!wrong_argument");
    EXPECT_EQ(of("\"1\" | money(\"EUR\") | allocate([1, null])"), "!null_argument");
    EXPECT_EQ(of("\"0.001\" | price(\"EUR\") | allocate([1])"), "!money_precision");
    EXPECT_EQ(of("1 | allocate([1])"), "!wrong_kind");
    EXPECT_EQ(of(std::string(36, '9') + " | money(\"EUR\") | allocate([0.999999999, 1])"), "!number_overflow");
}

TEST(MappingFunctions, AncestorClimbsToTheNearestThatFits)
{
    constexpr std::string_view hl = R"({"w": {"level": "W", "root": {"level": "S", "orders": [
        {"level": "O", "po": "4500", "packs": [{"level": "P", "items": [{"level": "I", "sku": "A"}]}]}]}}})";
    EXPECT_EQ(evaluated("..items | map(. | ancestor(.level == \"O\") | get(\"po\"))", hl), R"(["4500"])");
    EXPECT_EQ(evaluated("..sku | map(. | ancestor(true) | get(\"level\"))", hl), R"(["I"])");
    EXPECT_EQ(evaluated("..sku | first | ancestor(.level == \"X\")", hl), "null");
    EXPECT_EQ(evaluated("null | ancestor(.a)"), "null");
    EXPECT_EQ(evaluated("\"x\" | ancestor(.a)"), "!wrong_kind");
    EXPECT_EQ(evaluated("..sku | first | ancestor(.level < 1)", hl), "!wrong_kind");

    const Document document = read_document(hl);
    const auto wrapped = Expression::compile_bare(".orders[0] | ancestor(.level == \"W\")")
                             ->json({.document = document, .root = document.member(document.member(0, "w"), "root")});
    EXPECT_EQ(*wrapped, "null");  // nothing is read above where the document starts
}

TEST(MappingFunctions, ANumberIsNoTime)
{
    const Document document = read_document(R"({"at": 1614265330123})");
    const auto failed = Expression::compile_bare(".at | timestamp")->json({.document = document});

    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, "wrong_kind");
    EXPECT_NE(failed.error().detail.find("`divide(1000, 3) | from_unix` milliseconds"), std::string::npos);
    EXPECT_EQ(evaluated("1614265330123 | divide(1000, 3) | from_unix"), "\"2021-02-25T15:02:10.123Z\"");
}

TEST(MappingFunctions, MinorUnitsAreTheConnectors)
{
    const Document document = read_document("{}");
    const MinorUnits units{{"ISK", 2}, {"IDR", 0}, {"CLP", 2}};
    const auto of = [&](std::string_view call) {
        const auto value = Expression::compile_bare(call)->json({.document = document, .minor_units = &units});
        return value ? *value : "!" + value.error().code;
    };

    EXPECT_EQ(of("12300 | minor(\"ISK\") | amount"), "\"123\"");
    EXPECT_EQ(of("12345 | minor(\"ISK\")"), "!money_precision");
    EXPECT_EQ(of("5 | minor(\"IDR\") | amount"), "\"5.00\"");
    EXPECT_EQ(of("5 | minor(\"EUR\") | amount"), "\"0.05\"");
    EXPECT_EQ(of("5 | minor(\"CLF\") | amount"), "\"0.0005\"");
    EXPECT_EQ(of("5 | minor([\"XAU\"] | first)"), "!unknown_currency");
    EXPECT_EQ(of("\"3900\" | minor(\"EUR\") | amount"), "\"39.00\"");
    EXPECT_EQ(of("\"39.00\" | minor(\"EUR\")"), "!wrong_kind");
    EXPECT_EQ(of("39.00 | minor(\"EUR\") | amount"), "\"0.39\"");
    EXPECT_EQ(of("123 | money(\"CLP\") | to_minor"), "12300");
    EXPECT_EQ(of("\"1.50\" | money(\"IDR\") | to_minor"), "!money_precision");
    EXPECT_EQ(of("\"1.50\" | money(\"EUR\") | to_minor"), "150");
}

TEST(MappingFunctions, ReasonsAreReadByTheirWords)
{
    const Vocabularies& shipped = shipped_vocabularies();
    const auto code = [&](const std::string& text) {
        return evaluated("\"" + text + "\" | classify(\"return_reason.text\") | get(\"code\")", "{}", &shipped);
    };

    EXPECT_EQ(code("It's WAY too small!!"), "\"size_fit\"");
    EXPECT_EQ(code("Passt leider nicht, zu groß"), "\"size_fit\"");
    EXPECT_EQ(code("trop petit"), "\"size_fit\"");
    EXPECT_EQ(code("Arrived broken, box was crushed"), "\"damaged_in_transit\"");
    EXPECT_EQ(code("defekt"), "\"defective\"");
    EXPECT_EQ(code("You sent the wrong colour"), "\"wrong_item\"");
    EXPECT_EQ(code("I changed my mind"), "\"changed_mind\"");
    EXPECT_EQ(code("Found it cheaper elsewhere"), "\"better_price\"");
    EXPECT_EQ(code("came too late for the birthday"), "\"late\"");
    EXPECT_EQ(code("hmm"), "\"other\"");
    EXPECT_EQ(evaluated("\"hmm\" | classify(\"return_reason.text\")", "{}", &shipped),
              R"({"code":"other","confidence":0,"rule":null})");
    EXPECT_EQ(evaluated("null | classify(\"return_reason.text\")", "{}", &shipped), "null");
    EXPECT_EQ(evaluated("\"a\" | classify(\"tracking.ups\")", "{}", &shipped), "!unknown_vocabulary");
}

TEST(MappingFunctions, NullPassesThroughButAnArgumentMayNotBeNull)
{
    for (const char* call : {".a | trim", ".a | number", ".a | money(.c)", ".a | timestamp", ".a | where(.x)",
                             ".a | count", ".a | join(.b)", ".a | lookup(\"t\")"})
        EXPECT_EQ(evaluated(call), "null") << call;
    EXPECT_EQ(evaluated("1 | money(.c)"), "!null_argument");
    EXPECT_EQ(evaluated("\"a\" | replace(\"a\", .b)"), "!null_argument");
    EXPECT_EQ(evaluated(".a | default(.b)"), "null");
    EXPECT_EQ(evaluated(".a | required"), "!missing_required");
    EXPECT_EQ(evaluated(".a | required(\"no_name\")"), "!no_name");
    EXPECT_EQ(evaluated(".a // fail(\"no_name\")"), "!no_name");
    EXPECT_EQ(evaluated("1 | fail(\"always\")"), "!always");
}

TEST(MappingFunctions, ACodeIsWrittenInTheMappingAndNeverComesFromADocument)
{
    for (const char* call :
         {".email | fail", "fail(.note)", ".a // fail(.note)", ".a | required(.x)", "required(.a, .x)",
          "1 | fail(.note)", "fail(\"No name\")", "fail(\"\")", "fail(7)", ".a | required(\"a-b\")", "fail()"})
        EXPECT_EQ(evaluated(call, R"({"email": "a@b.example", "note": "secret", "x": "secret"})"), "!wrong_arguments")
            << call;
    EXPECT_EQ(evaluated("fail(\"" + std::string(64, 'a') + "\")"), "!" + std::string(64, 'a'));
    EXPECT_EQ(evaluated("fail(\"" + std::string(65, 'a') + "\")"), "!wrong_arguments");
    EXPECT_EQ(evaluated("required(.a, \"no_2\")"), "!no_2");
}

TEST(MappingFunctions, AFunctionOfSeveralArgumentsIsItsPipedForm)
{
    EXPECT_EQ(evaluated("replace(\"a-b\", \"-\", \"+\")"), "\"a+b\"");
    EXPECT_EQ(evaluated("round(2.345, 2)"), "2.35");
    EXPECT_EQ(evaluated("sum([1, 2])"), "3");
}

TEST(MappingFunctions, TextWorksOnLettersNotOnBytes)
{
    EXPECT_EQ(evaluated("\"Größe\" | truncate(4)"), "\"Größ\"");
    EXPECT_EQ(evaluated("\"Größe\" | substring(2, 2)"), "\"öß\"");
    EXPECT_EQ(evaluated("\"ÄÖŁŻЖΩ\" | lower"), "\"äöłżжω\"");
    EXPECT_EQ(evaluated("\"äöłżжω\" | upper"), "\"ÄÖŁŻЖΩ\"");
    EXPECT_EQ(evaluated("\"Łódź Straße Ærø\" | fold"), "\"lodz strasse aero\"");
    EXPECT_EQ(evaluated("(\"-\" | replace(\"-\", \"\")) // \"empty reads as null\""), "\"empty reads as null\"");
    EXPECT_EQ(evaluated("\"a,,b\" | split(\",\")"), R"(["a",null,"b"])");
    EXPECT_EQ(evaluated("\"a,,b\" | split(\",\") | join(\"-\")"), "null");
    EXPECT_EQ(evaluated("\"a,,b\" | split(\",\") | compact | join(\"-\")"), "\"a-b\"");
}

TEST(MappingFunctions, NumbersReadOnlyTheShapesTheySay)
{
    EXPECT_EQ(evaluated("\"1.234,56\" | number(\"de\")"), "1234.56");
    EXPECT_EQ(evaluated("\"-1,234.5\" | number(\"en\")"), "-1234.5");
    EXPECT_EQ(evaluated("\"1.23,5\" | number(\"de\")"), "!wrong_kind");
    EXPECT_EQ(evaluated("\"1,5\" | number"), "!wrong_kind");
    EXPECT_EQ(evaluated("\"1e3\" | number"), "!wrong_kind");
    EXPECT_EQ(evaluated(".n | number", R"({"n": 19.990})"), "19.990");
    EXPECT_EQ(evaluated(".n * 1", R"({"n": 19.990})"), "19.99");
    EXPECT_EQ(evaluated(".n * 1", R"({"n": 1.5e2})"), "150");
    EXPECT_EQ(evaluated(".n", R"({"n": 1e400})"), "1e400");
    EXPECT_EQ(evaluated(".n + 1", R"({"n": 1e400})"), "!number_overflow");
    EXPECT_EQ(evaluated("\"3.5\" | integer"), "!wrong_kind");
    EXPECT_EQ(evaluated("1 | divide(0, 2)"), "!divide_by_zero");
    EXPECT_EQ(evaluated("\"12.5\" | implied(2)"), "!wrong_kind");
}

TEST(MappingFunctions, ALocaleChangesNoNumberThatIsOne)
{
    EXPECT_EQ(evaluated(".n | number(\"de\")", R"({"n": 1.234})"), "1.234");
    EXPECT_EQ(evaluated(".n | number(\"de\")", R"({"n": 19.990})"), "19.990");
    EXPECT_EQ(evaluated(".n + 0 | number(\"fr\")", R"({"n": 1.5})"), "1.5");
    EXPECT_EQ(evaluated(".n | number(\"xx\")", R"({"n": 1})"), "!wrong_argument");
}

TEST(MappingFunctions, MoneyIsExactAndKeepsItsCurrency)
{
    EXPECT_EQ(evaluated("1.5 | money(\"EUR\")"), R"({"amount":"1.50","currency":"EUR"})");
    EXPECT_EQ(evaluated("1.505 | money(\"EUR\")"), "!money_precision");
    EXPECT_EQ(evaluated("1.500 | money(\"EUR\") | amount"), "\"1.50\"");
    EXPECT_EQ(evaluated("1.505 | money(\"EUR\", \"half_up\") | amount"), "\"1.51\"");
    EXPECT_EQ(evaluated("1.505 | money(\"EUR\", \"half_even\") | amount"), "\"1.50\"");
    EXPECT_EQ(evaluated("1.509 | money(\"EUR\", \"down\") | amount"), "\"1.50\"");
    EXPECT_EQ(evaluated("1.5 | money(\"JPY\")"), "!money_precision");
    EXPECT_EQ(evaluated("1 | money([\"XYZ\"] | first)"), "!unknown_currency");
    EXPECT_EQ(evaluated("(1 | money(\"EUR\")) + (2 | money(\"USD\"))"), "!currency_mix");
    EXPECT_EQ(evaluated("(1 | money(\"EUR\")) + 2"), "!wrong_kind");
    EXPECT_EQ(evaluated("(1 | money(\"EUR\")) * 0.333 | money(\"EUR\", \"half_up\") | amount"), "\"0.33\"");
    EXPECT_EQ(evaluated("[1, 2] | map(. | money(\"BHD\")) | sum | amount"), "\"3.000\"");
    EXPECT_EQ(evaluated("(1 | money(\"EUR\")).currency"), "\"EUR\"");
    EXPECT_EQ(evaluated("\"0.0000000001\" | price(\"EUR\")"), "!money_precision");
    EXPECT_EQ(evaluated("12345 | minor(\"KWD\") | amount"), "\"12.345\"");
}

TEST(MappingFunctions, TimesAreUtcAndNeedAZone)
{
    EXPECT_EQ(evaluated("\"2026-01-02T03:04:05\" | timestamp"), "!zone_missing");
    EXPECT_EQ(evaluated("\"2026-07-01 12:00:00\" | timestamp(\"Europe/Berlin\")"), "\"2026-07-01T10:00:00Z\"");
    EXPECT_EQ(evaluated("\"20260102\" | timestamp(\"%Y%m%d\", \"-05:00\")"), "\"2026-01-02T05:00:00Z\"");
    EXPECT_EQ(evaluated("\"2026-01-02T03:04:05.120Z\" | timestamp"), "\"2026-01-02T03:04:05.12Z\"");
    EXPECT_EQ(evaluated("\"2026-02-30T00:00:00Z\" | timestamp"), "!wrong_kind");
    EXPECT_EQ(evaluated("\"2026-01-02T23:00:00-05:00\" | timestamp | date"), "\"2026-01-02\"");
    EXPECT_EQ(evaluated("1.5 | from_unix"), "\"1970-01-01T00:00:01.5Z\"");
    EXPECT_EQ(evaluated("-1.5 | from_unix"), "\"1969-12-31T23:59:58.5Z\"");
    EXPECT_EQ(evaluated("253402300799.9999999999 | from_unix"), "\"9999-12-31T23:59:59.999999999Z\"");
    EXPECT_EQ(evaluated("-0." + std::string(37, '0') + "1 | from_unix"), "\"1970-01-01T00:00:00Z\"");
    EXPECT_EQ(evaluated("-62167219200.5 | from_unix"), "!wrong_kind");
    EXPECT_EQ(evaluated(std::string(38, '9') + " | from_unix"), "!wrong_kind");
    EXPECT_EQ(evaluated("-" + std::string(38, '9') + " | from_unix"), "!wrong_kind");
    EXPECT_EQ(evaluated("(\"2026-01-02T00:00:00Z\" | timestamp) < (\"2026-01-01T23:30:00-01:00\" | timestamp)"),
              "true");
}

TEST(MappingFunctions, DoubtfulAndAbsurdTimesAreWarnedOf)
{
    const auto mapping =
        Mapping::load(SourceFile{"note.yaml",
                                 "transaction: note\nentity: e\nfields:\n  title: x\n  at: .at | timestamp\n"
                                 "  words: [.day | date, '.at | format_time(\"%F\")']\n"},
                      small_types(), shipped_vocabularies());
    ASSERT_TRUE(mapping) << all_of(mapping.error());
    const auto of = [&](std::string_view json) {
        const Document document = read_document(json);
        const auto made = mapping->run({.document = document, .channel_zone = "Europe/Berlin"});
        if (!made)
            return "!" + made.error().code;
        std::string text = made->front().json;
        for (const Warning& warning : made->front().warnings)
            text += " " + warning.code + " " + warning.path + " " + warning.config;
        return text;
    };

    EXPECT_EQ(
        of(R"({"at": "2026-03-29T02:30:00", "day": "2026-03-29"})"),
        R"({"title":"x","at":"2026-03-29T01:30:00Z","words":["2026-03-29","2026-03-29"]} doubtful_time at note.yaml:5:13)"
        " doubtful_time words[1] note.yaml:6:31");
    EXPECT_EQ(
        of(R"({"at": "2026-03-29T02:30:00+01:00", "day": "9999-12-31"})"),
        R"({"title":"x","at":"2026-03-29T01:30:00Z","words":[null,"2026-03-29"]} sentinel_date words[0] note.yaml:6:18)");
    EXPECT_EQ(
        of(R"({"at": "0001-01-01T00:00:00-00:00", "day": "0001-01-01"})"),
        R"({"title":"x","words":[null,"0001-01-01"]} sentinel_date at note.yaml:5:13 sentinel_date words[0] note.yaml:6:18)");
    EXPECT_EQ(of(R"({"at": "2026-01-02T03:04:05-00:00"})"),
              R"({"title":"x","at":"2026-01-02T03:04:05Z","words":[null,"2026-01-02"]})");
}

TEST(MappingFunctions, AFormatThatReadsNoWholeDayIsRefused)
{
    for (const char* call : {"\"03:04\" | timestamp(\"%H:%M\", \"UTC\")", "\"2 Jan\" | date(\"%d %b\")",
                             "\"x\" | timestamp(\"%Y-%m-%d %I\", \"UTC\")", "\"x\" | timestamp(\"Europe/Berln\")",
                             "\"x\" | date(\"%Q\")", "\"x\" | format_time(\"%Q\", \"UTC\")"})
        EXPECT_EQ(evaluated(call), "!wrong_arguments") << call;
    EXPECT_EQ(evaluated("\"03:04\" | timestamp(.f, \"UTC\")", R"({"f": "%H:%M"})"), "!wrong_argument");
    EXPECT_EQ(evaluated("\"03:04\" | date(.f)", R"({"f": "%H:%M"})"), "!wrong_argument");
    EXPECT_EQ(evaluated("\"2026-01-02T03:04:05Z\" | format_time(\"%H:%M\", \"UTC\")"), "\"03:04\"");
    EXPECT_EQ(evaluated("\"2026-01- 2\" | date"), "!wrong_kind");
    EXPECT_EQ(evaluated("\"2026-01-02 10:00:00\" | timestamp(.z)", R"({"z": "Europe"})"), "!wrong_argument");
    EXPECT_EQ(evaluated("\"2026-01-02 10:00:00\" | timestamp(\"%F %T\", .z)", R"({"z": "Europe"})"), "!unknown_zone");
}

TEST(MappingFunctions, Base64GivesNothingThatIsNoText)
{
    EXPECT_EQ(evaluated("\"aGk\" | unbase64"), "\"hi\"");
    for (const char* text : {"wIA=", "4ICA", "7aCA", "9JCAgA==", "aGl", "aGk=x", "a", "a===", "aG k"})
        EXPECT_EQ(evaluated("\"" + std::string(text) + "\" | unbase64"), "!wrong_kind") << text;
}

TEST(MappingFunctions, JsonIsReadUpToALimitAndWithoutRepeatedNames)
{
    const auto of = [](const std::string& inner) {
        std::string escaped;
        for (const char letter : inner)
            escaped += letter == '"' ? "\\\"" : std::string(1, letter);
        return evaluated(".t | json | count", R"({"t": ")" + escaped + "\"}");
    };
    std::string names;
    for (int i = 0; i < 60'000; ++i)
        names += "\"" + std::to_string(i) + "\":0,";
    std::string nulls = "null";
    for (int i = 1; i < 100'000; ++i)
        nulls += ",null";

    EXPECT_EQ(of("[{" + names + "\"x\":0}]"), "1");
    EXPECT_EQ(of("[{" + names + "\"7\":0}]"), "!wrong_kind");
    EXPECT_EQ(of("[" + nulls.substr(5) + "]"), "99999");
    EXPECT_EQ(of("[" + nulls + "]"), "!limit_items");
}

TEST(MappingFunctions, WhatDoesNotCompareFailsByItsKind)
{
    EXPECT_EQ(evaluated("[\"x\", 3] | max"), "!wrong_kind");
    EXPECT_EQ(evaluated(".l | min", R"({"l": [1, {}]})"), "!wrong_kind");
    EXPECT_EQ(evaluated(".l | max", R"({"l": [1, 1e400]})"), "!number_overflow");
    EXPECT_EQ(evaluated(".l | unique", R"({"l": [{}, "a"]})"), "!wrong_kind");
    EXPECT_EQ(evaluated(".l | unique", R"({"l": [null, [1], null]})"), "[null,[1]]");
    EXPECT_EQ(evaluated("[(\"2026-01-02T00:00:00Z\" | timestamp), \"x\"] | max"), "!wrong_kind");
}

TEST(MappingFunctions, ListsKeepTheirOrder)
{
    EXPECT_EQ(evaluated(".l | sort_by(.k) | map(.v)",
                        R"({"l": [{"k": 2, "v": 1}, {"k": 1, "v": 2}, {"v": 3}, {"k": 1, "v": 4}]})"),
              "[2,4,1,3]");
    EXPECT_EQ(evaluated("[] | sum"), "null");
    EXPECT_EQ(evaluated("[] | count"), "0");
    EXPECT_EQ(evaluated("[] | any(. > 1)"), "false");
    EXPECT_EQ(evaluated("[] | all(. > 1)"), "true");
    EXPECT_EQ(evaluated("[1, 2, 3] | at(-1)"), "3");
    EXPECT_EQ(evaluated("[1, null, \"3\"] | max"), "\"3\"");
    EXPECT_EQ(evaluated("[1, \"x\"] | min"), "!wrong_kind");
}

TEST(Functions, ANumberOfALocaleHasWholeGroups)
{
    const auto read = [](std::string_view text, std::string_view locale) {
        return evaluated("\"" + std::string(text) + "\" | number(\"" + std::string(locale) + "\")");
    };
    EXPECT_EQ(read("1.234,5", "de"), "1234.5");
    EXPECT_EQ(read("123.456.789", "de"), "123456789");
    EXPECT_EQ(read("-1.234", "de"), "-1234");
    EXPECT_EQ(read("0,999", "de"), "0.999");
    EXPECT_EQ(read("1,234.50", "en"), "1234.5");
    EXPECT_EQ(read("1234.50", "en"), "1234.5");
    for (const char* odd : {"1234.567", "0.999", ".123", "-.123", "1.23", "1.2345", "12.34.567", "01.234", "1..234"})
        EXPECT_EQ(read(odd, "de"), "!wrong_kind") << odd;
    EXPECT_EQ(read("1234,567", "en"), "!wrong_kind");
}

TEST(Functions, LargeListsAreSortedGroupedAndMadeUnique)
{
    std::string list;
    for (int i = 20'000; i > 0; --i)
        list += (list.empty() ? "" : ",") + std::string("\"k") + std::to_string(i % 5000) + "\"";
    const std::string json = "{\"l\": [" + list + "], \"m\": [2, \"2\", 2.0, \"2.0\", null, 1, \"a\"]}";
    EXPECT_EQ(evaluated(".l | unique | count", json), "5000");
    EXPECT_EQ(evaluated(".l | unique | first", json), "\"k0\"");
    EXPECT_EQ(evaluated(".l | group_by(.) | map(.items | count) | unique", json), "[4]");
    EXPECT_EQ(evaluated(".l | sort_by(.) | first", json), "\"k0\"");
    EXPECT_EQ(evaluated(".l | sort_by(.) | last", json), "\"k999\"");
    // One value after the other, by ==: "2" is 2 and 2.0, but not the text "2.0".
    EXPECT_EQ(evaluated(".m | unique", json), "[2,null,1,\"a\"]");
    EXPECT_EQ(evaluated("[\"b\", null, \"a\"] | sort_by(.)", json), "[\"a\",\"b\",null]");
    EXPECT_EQ(evaluated("[1, \"a\", 2] | sort_by(.)", json), "!wrong_kind");
}

TEST(Functions, ADateOfATimeThatWasReadByAFormatIsItsDay)
{
    EXPECT_EQ(evaluated(R"("20260102" | timestamp("%Y%m%d", "UTC") | date)"), "\"2026-01-02\"");
}

TEST(Functions, DigestTakesAsManyValuesAsThereAre)
{
    // SHA-256 of `t1:at1:bt1:cn;t1:dt1:et1:ft1:gt1:h`, its first half.
    EXPECT_EQ(evaluated(R"(digest("a", "b", "c", null, "d", "e", "f", "g", "h"))", "{}"),
              "\"c09010a7b73b538a8cc621c7c0b70c76\"");
    std::string many = "digest(.a";
    for (int i = 0; i < 900; ++i)
        many += ", .a";
    EXPECT_EQ(evaluated(many + ")", R"({"a": "x"})").size(), 34U);
}

TEST(Functions, WhatIsEvaluatedForAFunctionFitsACall)
{
    for (const auto name : function_names()) {
        const Function* function = find_function(name);
        if (function->kind != Function::Kind::special) {
            EXPECT_LE(static_cast<std::size_t>(function->most), Call::most_args) << name;
        }
    }
}

}  // namespace
}  // namespace headgate::mapping::test
