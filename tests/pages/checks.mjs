// Checks, each told in a line, and what they come to.

export const same = (found, expected, what = "") => {
  if (JSON.stringify(found) !== JSON.stringify(expected)) throw new Error(`${what} is ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
};
export const holds = (it, what) => { if (!it) throw new Error(what); };

// `afterFailure` is done after each check that failed, and fails nothing itself.
export function checks(afterFailure = async () => {}) {
  let passed = 0;
  const failed = [];
  async function check(what, test) {
    try {
      await test();
      passed += 1;
      console.log(`ok      ${what}`);
    } catch (error) {
      failed.push(what);
      console.log(`FAILED  ${what}: ${error.stack ?? error}`);
      await afterFailure().catch(() => {});
    }
  }
  function end(where = "") {
    console.log(`\n${passed} passed, ${failed.length} failed${where}`);
    process.exitCode = failed.length ? 1 : 0;
  }
  return { check, failed, end };
}
