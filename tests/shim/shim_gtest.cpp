// SPDX-License-Identifier: MIT
// The googletest back end: each TEST_CASE becomes a test of its own.
#include <gtest/gtest.h>

#include "shim.h"

namespace
{

class Case : public testing::Test
{
  public:
    explicit Case(const shim_case *c) : case_(c)
    {
    }

    void TestBody() override
    {
        case_->run();
    }

  private:
    const shim_case *case_;
};

} // namespace

void shim_backend_fail(const char *file, int line, const char *message)
{
    ADD_FAILURE_AT(file, line) << message;
}

void shim_backend_skip(const char *file, int line, const char *reason)
{
    GTEST_MESSAGE_AT_(file, line, reason, testing::TestPartResult::kSkip);
}

// libsystemc.so wants one from every program, although main is ours.
extern "C" __attribute__((weak, visibility("default"))) int sc_main(int,
                                                                    char **)
{
    return 0;
}

static void register_cases()
{
    for (const shim_case *c = shim_cases(); c; c = c->next)
        testing::RegisterTest(c->suite, c->name, nullptr, nullptr, c->file,
                              c->line,
                              [c]() -> testing::Test * { return new Case(c); });
}

int main(int argc, char **argv)
{
    testing::InitGoogleTest(&argc, argv);
    register_cases();

    int status = RUN_ALL_TESTS();
    const testing::UnitTest &all = *testing::UnitTest::GetInstance();

    shim_summary(all.successful_test_count(), all.failed_test_count(),
                 all.skipped_test_count());
    return status || all.test_to_run_count() == 0;
}
