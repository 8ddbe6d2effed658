import { createProgram } from "../program.ts";

const width = 100;

/** The command line's reference as Markdown, from the definitions that the program itself runs on. */
export async function commandReference(): Promise<string> {
  let text = "";
  const io = {
    out: (part: string) => {
      text += part;
    },
    err: () => {},
    interactive: false,
  };
  const program = await createProgram(io, width);
  const help = (show: () => void): string => {
    text = "";
    show();
    return `\`\`\`text\n${text.trim()}\n\`\`\`\n`;
  };
  const sections = program.commands.map((command) => `## vinverse ${command.name()}\n\n${help(() => command.outputHelp())}`);
  return `# Command line

Made from the program by \`npm run docs\`.

Every command prints its answer on stdout and everything on the way (progress, notes, errors) on stderr. With \`--json\` stdout holds
one JSON object and nothing else; numbers that JSON cannot say (not a number, infinite) are \`null\`; a failure is \`{"error": {"name", "message", …}}\`.

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | failed: the sentence on stderr says what, where and what to do |
| 2 | wrong usage |
| 130 | interrupted; nothing half-written is left |

${help(() => program.outputHelp())}
${sections.join("\n")}`;
}
