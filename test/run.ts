/**
 * The test command: runs every test, then closes with one plain line of counts. Arguments go to `deno test`
 * (folders, --filter).
 */
const folders = Deno.args.some((arg) => !arg.startsWith("-"))
  ? []
  : ["core", "drivers", "config", "test", "image"];
const present = folders.filter((folder) => {
  try {
    return Deno.statSync(folder).isDirectory;
  } catch {
    return false;
  }
});
const child = new Deno.Command(Deno.execPath(), {
  args: ["test", "--allow-all", "--quiet", ...Deno.args, ...present],
  stdin: "null",
  stdout: "piped",
  stderr: "inherit",
}).spawn();

let tail = "";
for await (const chunk of child.stdout) {
  await Deno.stdout.write(chunk);
  tail = (tail + new TextDecoder().decode(chunk)).slice(-4000);
}
const { code } = await child.status;
// deno-lint-ignore no-control-regex
const plain = tail.replace(/\x1b\[[0-9;]*m/g, "");
const counts = [...plain.matchAll(/(\d+) passed(?: \([^)]*\))? \| (\d+) failed(?: \| (\d+) ignored)?/g)].at(
  -1,
);
if (counts === undefined) console.log("0 passed, 1 failed");
else console.log(`${counts[1]} passed, ${counts[2]} failed, ${counts[3] ?? 0} skipped`);
Deno.exit(code);
