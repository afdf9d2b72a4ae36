import assert from "node:assert/strict";
import { fileReader, includePlaces, readerIn } from "./file_reader.ts";
import { readFiles } from "./files.ts";
import { beside, directoryOf } from "./paths.ts";

Deno.test("what is missing is one line that names it", () => {
  assert.deepEqual(readFiles("/nonexistent/weir.yaml"), {
    ok: false,
    error: "/nonexistent/weir.yaml: there is no such file\n",
  });
  assert.deepEqual(readFiles("/"), { ok: false, error: "/: it is a directory\n" });
});

Deno.test("paths are meant from the file that names them", () => {
  assert.equal(directoryOf("/etc/weir/weir.yaml"), "/etc/weir");
  assert.equal(directoryOf("weir.yaml"), ".");
  assert.equal(directoryOf("/weir.yaml"), "/");
  assert.equal(beside("/etc/weir", "weir.nft"), "/etc/weir/weir.nft");
  assert.equal(beside("/etc/weir", "/srv/weir.nft"), "/srv/weir.nft");
  assert.equal(beside(".", "weir.nft"), "weir.nft");
});

Deno.test("include patterns match as glob(3) does", () => {
  const directory = Deno.makeTempDirSync();
  for (const name of ["b.nft", "a.nft", "ab.nft", ".hidden.nft", "a+c.txt"]) {
    Deno.writeTextFileSync(`${directory}/${name}`, name);
  }
  const found = (pattern: string) =>
    fileReader.glob(`${directory}/${pattern}`).map((path) => path.slice(directory.length + 1));
  assert.deepEqual(found("*.nft"), ["a.nft", "ab.nft", "b.nft"]);
  assert.deepEqual(found("?.nft"), ["a.nft", "b.nft"]);
  assert.deepEqual(found("[!a].nft"), ["b.nft"]);
  assert.deepEqual(found("[ab].nft"), ["a.nft", "b.nft"]);
  assert.deepEqual(found(".*.nft"), [".hidden.nft"]);
  assert.deepEqual(found("a+*"), ["a+c.txt"]);
  assert.deepEqual(found("none/*.nft"), []);
  assert.equal(fileReader.read(`${directory}/a.nft`), "a.nft");
  assert.equal(fileReader.read(`${directory}/none`), undefined);
  Deno.removeSync(directory, { recursive: true });
});

Deno.test("includes: /etc first, then what was given, then beside the file; a directory says nothing", () => {
  assert.deepEqual(includePlaces("/srv", ["/a"]), ["/etc", "/a", "/srv"]);
  const directory = Deno.makeTempDirSync();
  Deno.mkdirSync(`${directory}/sub`);
  Deno.writeTextFileSync(`${directory}/sub/a.nft`, "a");
  const reader = readerIn(directory);
  assert.equal(reader.read("./sub/a.nft"), "a");
  assert.deepEqual(reader.glob("./sub/*.nft"), [`${directory}/./sub/a.nft`]);
  assert.equal(reader.read("./sub"), "");
  Deno.removeSync(directory, { recursive: true });
});
