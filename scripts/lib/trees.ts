/** The leaves of a test tree: its sentences "it should …". */
export function leavesOf(tree: string): string[] {
  return [...tree.matchAll(/^[│├└─\s]*(it should .+)$/gm)].map(([, leaf = ""]) => leaf.trim());
}

/** The names of the test functions in a Solidity source. */
export function testsOf(source: string): string[] {
  return [...source.matchAll(/^\s*function (test\w*)\s*\(/gm)].map(([, name = ""]) => name);
}

/** What is wrong between the trees and the tests beside them. `files` holds texts by path. */
export function treeProblems(files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([path, text]) => {
    if (path.endsWith(".t.sol")) return files.has(treeBeside(path)) ? [] : [`${path} has no tree beside it`];

    const tests = files.get(path.replace(/\.tree$/, ".t.sol"));
    if (tests === undefined) return [`${path} has no tests beside it`];

    const [leaves, functions] = [leavesOf(text).length, testsOf(tests).length];
    return [
      ...(leaves === functions ? [] : [`${path} has ${leaves} leaves, but there are ${functions} tests`]),
      ...(text.split("\n")[0] === nameOf(path) ? [] : [`${path} does not begin with ${nameOf(path)}`]),
    ];
  });
}

function treeBeside(path: string): string {
  return path.replace(/\.t\.sol$/, ".tree");
}

function nameOf(path: string): string {
  return path.replace(/^.*\//, "").replace(/\.tree$/, "");
}
