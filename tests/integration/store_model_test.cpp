#include <cstdlib>

#include "store_model_fixture.hpp"

namespace headgate::test {

TEST_F(StoreModelTest, DoesWhatTheModelDoesWhateverTheOrder)
{
    const char* wanted = std::getenv("HEADGATE_MODEL_SEEDS");
    auto seeds = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 4ULL;
    const char* first = std::getenv("HEADGATE_MODEL_FIRST_SEED");
    auto from = first != nullptr ? std::strtoull(first, nullptr, 10) : 1ULL;
    for (auto seed = from; seed < from + seeds; ++seed) {
        begin(seed);
        for (int i = 0; i < 300; ++i) {
            SCOPED_TRACE("HEADGATE_MODEL_FIRST_SEED=" + std::to_string(seed) + " step " + std::to_string(i));
            step();
            compare();
            if (i % 50 == 49) {
                EXPECT_EQ(finding_lines(), "");
            }
            if (HasFailure())
                return;
        }
    }
}

}  // namespace headgate::test
