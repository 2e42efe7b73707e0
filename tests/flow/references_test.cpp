#include <algorithm>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>

#include "tests/flow/operating.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* order_of_the_sample = "order/820982911946154500";

class References : public OperatingFlow {
protected:
    /// A refund of that order, which cannot be sent without the number the ERP gave it.
    std::string refund(const std::string& id)
    {
        std::ifstream file(source_folder() / "config/connectors/shopify/samples/refunds_create.json");
        std::string body(std::istreambuf_iterator<char>(file), {});
        const std::string of_the_sample = "9300000000001";
        for (auto at = body.find(of_the_sample); at != std::string::npos; at = body.find(of_the_sample, at + 1))
            body.replace(at, of_the_sample.size(), id);
        return send("shop", {"refunds/create", "refund-" + id, body, {}});
    }

    std::vector<std::string> refunds()
    {
        std::vector<std::string> bodies;
        for (const auto& call : erp_.calls())
            if (call.target == "/refunds")
                bodies.push_back(call.body);
        return bodies;
    }

    std::string import(const std::string& lines, const std::string& query = {})
    {
        const auto [status, text] = headgate_->admin("POST", "/api/v1/xref/import" + query, lines);
        return std::to_string(status) + " " + text;
    }

    /// All there are, in an order of their own.
    std::vector<std::string> exported()
    {
        const auto out = headgate({"xref", "export"}).out;
        std::vector<std::string> lines;
        for (std::size_t at = 0, end = 0; (end = out.find('\n', at)) != std::string::npos; at = end + 1)
            lines.push_back(out.substr(at, end - at));
        std::ranges::sort(lines);
        return lines;
    }

    std::string file(const std::string& name, const std::string& text)
    {
        std::ofstream(folder_ / name) << text;
        return folder_ / name;
    }
};

TEST_F(References, WhatWaitsForOneGoesOnWhenItIsSetAndWhatComesLaterTakesTheLastWord)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto first = refund("1");
    ASSERT_TRUE(wait_for("/api/v1/verify", R"("parked":1)")) << headgate_->log();

    // Another shop's order of that number is another order.
    const auto others = headgate({"xref", "set", "erp", "sales_order", order_of_the_sample, "9", "--source", "outlet"});
    EXPECT_THAT(others.out, HasSubstr("1 waiting delivery goes back to work"));
    ASSERT_TRUE(wait_for("/api/v1/verify", R"("parked":1)")) << headgate_->log();
    const auto set = headgate({"xref", "set", "erp", "sales_order", order_of_the_sample, "77", "--source", "shop"});

    EXPECT_EQ(set.code, 0) << set.err;
    EXPECT_EQ(set.out, "sales_order `order/820982911946154500` is `77` at erp; 1 waiting delivery goes back to work\n");
    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_EQ(state(first), "applied");
    const auto changed = headgate({"xref", "set", "erp", "sales_order", order_of_the_sample, "78", "--source", "shop"});
    EXPECT_EQ(changed.out, "sales_order `order/820982911946154500` is `78` at erp, and was `77`\n");
    refund("2");
    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_EQ(refunds(), (std::vector<std::string>{R"({"order":"77"})", R"({"order":"78"})"}));
    EXPECT_THAT(headgate_->log(),
                HasSubstr("msg=\"a cross-reference was set\" system=erp kind=sales_order woken=1 who=admin"));
}

TEST_F(References, OneOfAllSourcesServesEachAndWhatIsImportedWakesAsWell)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto id = refund("1");
    ASSERT_TRUE(wait_for("/api/v1/verify", R"("parked":1)")) << headgate_->log();

    const auto imported = headgate({"xref", "import", "-"}, "system,kind,id,theirs\nerp,sales_order," +
                                                                std::string(order_of_the_sample) + ",77\n");

    EXPECT_EQ(imported.out, "imported 1 cross-reference; 1 waiting delivery goes back to work\n") << imported.err;
    ASSERT_TRUE(wait_until_applied(id)) << headgate_->log();
    EXPECT_EQ(refunds(), std::vector<std::string>{R"({"order":"77"})"});
}

TEST_F(References, ThatASystemGaveAreThereOfTheirSource)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    ASSERT_TRUE(wait_until_applied(order("shop", 1, 1))) << headgate_->log();

    EXPECT_EQ(headgate({"xref", "get", "erp", "sales_order", "order/1", "--source", "shop"}).out, "1\n");
    const auto of_all = headgate({"xref", "get", "erp", "sales_order", "order/1"});
    EXPECT_EQ(of_all.code, 1);
    EXPECT_EQ(of_all.err, "headgate: not_found: erp knows no sales_order `order/1` of all sources\n");
    EXPECT_EQ(headgate({"xref", "kinds"}).out, "SYSTEM  KIND         REFERENCES\nerp     sales_order  1\n");
    EXPECT_EQ(exported(), std::vector<std::string>{
                              R"({"system":"erp","kind":"sales_order","source":"shop","id":"order/1","theirs":"1"})"});
}

TEST_F(References, AreSetReadAndForgotten)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const std::string query = "/api/v1/xref?system=erp&kind=item&id=a%2Cb%22%26%0A%C3%A9";
    const std::string name = "a,b\"&\né";
    const auto put = [&](const std::string& body) { return headgate_->admin("PUT", "/api/v1/xref", body); };
    EXPECT_EQ(headgate_->admin("GET", query).first, 404);

    const auto [status, text] = put(boost::json::serialize(
        boost::json::object{{"system", "erp"}, {"kind", "item"}, {"id", name}, {"theirs", "7"}}));
    EXPECT_EQ(status, 200) << text;
    EXPECT_TRUE(boost::json::parse(text).at("before").is_null());

    const auto got = headgate_->admin_json(query);
    EXPECT_EQ(got.at("theirs").as_string(), "7");
    EXPECT_EQ(got.at("id").as_string(), name);
    EXPECT_EQ(headgate({"xref", "get", "erp", "item", name}).out, "7\n");
    EXPECT_EQ(headgate({"xref", "forget", "erp", "item", name}).out, "forgotten: item `a,b\"&\\x0aé` was `7` at erp\n");
    EXPECT_EQ(headgate_->admin("GET", query).first, 404);
    EXPECT_EQ(headgate_->admin("DELETE", query).first, 404);
    EXPECT_EQ(put(R"({"system":"erp","kind":"item","id":"1","theirs":""})").first, 400);
    EXPECT_EQ(put(R"({"system":"erp","kind":"item","id":"1","theirs":7})").first, 400);
    EXPECT_EQ(put("").first, 400);
    EXPECT_THAT(put(R"({"system":"epr","kind":"item","id":"1","theirs":"7"})").second,
                HasSubstr("there is no system `epr` (there are: erp)"));
    EXPECT_EQ(headgate_->admin("GET", "/api/v1/xref?system=epr&kind=item&id=1").first, 404);
    EXPECT_EQ(headgate_->admin("GET", "/api/v1/xref?system=erp&kind=item").first, 400);
    EXPECT_EQ(headgate_->admin("POST", "/api/v1/xref").first, 405);
    EXPECT_EQ(headgate_->admin("GET", "/api/v1/xref/import").first, 405);
    EXPECT_EQ(headgate_->admin("GET", "/api/v1/xref/export?system=epr&kind=item").first, 404);
    EXPECT_EQ(headgate_->admin("GET", "/api/v1/xref/export?system=erp&kind=item&cursor=x").first, 400);
    EXPECT_EQ(headgate_->admin("GET", "/api/v1/xref/kinds?system=epr").first, 404);
    EXPECT_TRUE(exported().empty());
}

TEST_F(References, GoOutAndComeBackAsTheyAreWhateverIsInThem)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const std::string lines = R"({"system":"erp","kind":"item","source":"","id":"a,b","theirs":"1"})"
                              "\n"
                              R"({"system":"erp","kind":"item","source":"shop","id":"a,b","theirs":"2"})"
                              "\n"
                              R"({"system":"erp","kind":"item","source":"","id":"say \"hi\"","theirs":"'3'"})"
                              "\n"
                              R"({"system":"erp","kind":"item","source":"","id":"two\nlines\r\n","theirs":" 4 "})"
                              "\n"
                              R"({"system":"erp","kind":"unité, de","source":"","id":"日本 é","theirs":"ü"})"
                              "\n";
    EXPECT_THAT(import(lines), StartsWith("200 {\"checked\":5,\"imported\":5,"));
    const auto before = exported();
    ASSERT_EQ(before.size(), 5U);

    const auto csv = headgate({"xref", "export", "--format", "csv"});
    EXPECT_EQ(csv.code, 0) << csv.err;
    EXPECT_THAT(csv.out, StartsWith("system,kind,source,id,theirs\n"));
    EXPECT_THAT(csv.out, HasSubstr("erp,item,shop,\"a,b\",2\n"));
    for (const auto& line : before) {
        const auto one = boost::json::parse(line);
        const auto text = [&](const char* part) { return std::string(one.at(part).as_string()); };
        EXPECT_EQ(headgate({"xref", "forget", "erp", text("kind"), text("id"), "--source", text("source")}).code, 0);
    }
    ASSERT_TRUE(exported().empty());
    const auto back = headgate({"xref", "import", file("back.csv", csv.out)});

    EXPECT_EQ(back.out, "imported 5 cross-references\n") << back.err;
    EXPECT_EQ(exported(), before);
    EXPECT_EQ(headgate({"xref", "import", "-"}, csv.out + "\n").code, 0);
    EXPECT_EQ(exported(), before);
    const auto only = headgate({"xref", "export", "--system", "erp", "--kind", "unité, de"});
    EXPECT_EQ(only.out, before.back() + "\n");
    EXPECT_EQ(headgate({"xref", "export", "--kind", "unité, de"}).out, only.out);
}

TEST_F(References, AreImportedAllOrNoneAndTheBadLineIsNamed)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const std::string good = R"({"system":"erp","kind":"item","id":"1","theirs":"7"})";
    const std::string unknown = R"({"system":"epr","kind":"item","id":"1","theirs":"7"})";

    EXPECT_THAT(import(good + "\n\nnonsense\n"), HasSubstr(R"(400 {"error":"bad_body","detail":"line 3: this is no)"));
    EXPECT_THAT(import(good + "\n" + unknown),
                HasSubstr(R"(404 {"error":"unknown_system","detail":"line 2: there is no system `epr`)"));
    EXPECT_THAT(import(good, "?check=true"), HasSubstr(R"(200 {"checked":1,"imported":0)"));
    EXPECT_THAT(import(good, "?check=yes"), StartsWith("400 "));
    const auto wrong = [&](const std::string& text) {
        const auto result = headgate({"xref", "import", file("wrong", text)});
        EXPECT_EQ(result.code, 1) << result.out;
        return result.err;
    };
    EXPECT_THAT(wrong(good + "\n\n" + unknown), HasSubstr("headgate: unknown_system: line 3: there is no system"));
    EXPECT_THAT(wrong("system,kind,id,theirs\n\nerp,item,\"a\nb\",7\nerp,item,,7\n"),
                HasSubstr("headgate: bad_reference: line 5: `id` is empty or missing"));
    EXPECT_THAT(wrong("system;kind;id;theirs\n"),
                HasSubstr("headgate: bad_csv: line 1: the first line names the columns"));
    EXPECT_THAT(wrong("[" + good + "]"), HasSubstr("bad_csv: this is a JSON list; wanted is an object a line"));
    EXPECT_THAT(wrong("system,kind,id,theirs\nerp,item,1\n"), HasSubstr("bad_csv: line 2: there are 3 fields"));
    EXPECT_THAT(wrong("system,kind,id,theirs\nerp,item,\xe9,1\n"), HasSubstr("invalid_utf8: line 2: "));
    EXPECT_THAT(headgate({"xref", "import", "nowhere.csv"}).err, HasSubstr("headgate: file_unreadable: "));
    EXPECT_TRUE(exported().empty());
}

TEST_F(References, ComeInFilesOfMoreThanOneRequestTakes)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    std::string csv = "theirs,id,kind,system\n";
    for (int i = 0; i < 45'000; ++i)
        csv += std::to_string(i) + ",SKU-" + std::to_string(i) + ",item,erp\n";

    const auto bad = headgate({"xref", "import", "-"}, csv + "7,,item,erp\n");
    EXPECT_EQ(bad.code, 1);
    EXPECT_EQ(bad.err, "headgate: bad_reference: line 45002: `id` is empty or missing\n");
    EXPECT_TRUE(exported().empty());
    const auto fine = headgate({"xref", "import", "-", "--json"}, csv);

    EXPECT_EQ(fine.out, "{\"imported\":45000,\"woken\":0}\n") << fine.err;
    EXPECT_EQ(headgate({"xref", "get", "erp", "item", "SKU-44999"}).out, "44999\n");
    auto all = exported();
    all.erase(std::unique(all.begin(), all.end()), all.end());  // a page may repeat one
    EXPECT_EQ(all.size(), 45'000U);
    EXPECT_THAT(headgate({"xref", "kinds", "--system", "erp"}).out, HasSubstr("erp     item  45000\n"));
}

}  // namespace

}  // namespace headgate::test
