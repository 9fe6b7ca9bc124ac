import { type Identity, identity } from "./identity.ts";
import { type Probe, viewOf } from "./probe.ts";

/** Programs for Linux, Windows and macOS, and byte code: by structure, never by magic alone. */
export function recogniseExecutable(probe: Probe): Identity | null {
  return elf(probe) ?? pe(probe) ?? machO(probe) ?? fatMachO(probe) ?? javaClass(probe) ?? wasm(probe) ??
    pythonBytecode(probe);
}

const ELF_TYPES = new Map([[1, "an object file"], [2, "a program"], [3, "a program or shared library"], [
  4,
  "a core dump",
]]);

/** https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html */
function elf(probe: Probe): Identity | null {
  const header = probe.at(0, 64);
  if (!probe.has(0, "\x7fELF") || header.byteLength < 52) return null;
  const [bits, order, identVersion] = [header[4], header[5], header[6]];
  if ((bits !== 1 && bits !== 2) || (order !== 1 && order !== 2) || identVersion !== 1) return null;
  const view = viewOf(header);
  const little = order === 1;
  const u16 = (at: number) => at + 2 <= header.byteLength ? view.getUint16(at, little) : 0;
  const [headerSizeAt, headerSize, programEntry, sectionEntry] = bits === 1
    ? [40, 52, 32, 40]
    : [52, 64, 56, 64];
  const type = ELF_TYPES.get(u16(16));
  const entrySizes = [[u16(headerSizeAt + 2), programEntry], [u16(headerSizeAt + 6), sectionEntry]];
  const genuine = view.getUint32(20, little) === 1 && u16(headerSizeAt) === headerSize &&
    entrySizes.every(([size, due]) => size === 0 || size === due);
  if (type === undefined || !genuine) return null;
  return identity("elf", `${type} for Linux (ELF)`, { machine: u16(18), bits: bits * 32 });
}

const PE_MACHINES = new Set([
  0x14c,
  0x1c0,
  0x1c4,
  0x200,
  0x5032,
  0x5064,
  0x6264,
  0x8664,
  0xaa64,
  0xa641,
  0xa64e,
  0xebc,
]);
const PE_OPTIONAL_MAGICS = new Set([0x10b, 0x20b, 0x107]);
/** An Actually Portable Executable starts so: a Windows program and a shell script at once. */
const APE_MAGICS = ["MZqFpD='", "jartsr='", "APEDBG='"];

/** `MZ`, and the place it names holds a PE header. https://learn.microsoft.com/windows/win32/debug/pe-format */
function pe(probe: Probe): Identity | null {
  if (APE_MAGICS.some((magic) => probe.has(0, magic))) {
    return identity("pe", "a program for several systems at once (Actually Portable Executable)", {
      ape: true,
    });
  }
  const dos = probe.at(0, 64);
  if (!probe.has(0, "MZ") || dos.byteLength < 64) return null;
  const at = viewOf(dos).getUint32(0x3c, true);
  return at >= 4 && isPeHeader(probe.at(at, 26))
    ? identity("pe", "a Windows program (PE)", { pe_offset: at })
    : null;
}

/** `PE\0\0`, a known machine, 1 to 96 sections, and an optional header of a known kind where there is one. */
function isPeHeader(bytes: Uint8Array): boolean {
  if (bytes.byteLength < 26) return false;
  const view = viewOf(bytes);
  const sections = view.getUint16(6, true);
  const optionalBytes = view.getUint16(20, true);
  return view.getUint32(0, true) === 0x4550 && PE_MACHINES.has(view.getUint16(4, true)) && sections >= 1 &&
    sections <= 96 && (optionalBytes === 0 || PE_OPTIONAL_MAGICS.has(view.getUint16(24, true)));
}

const MACH_CPUS = new Set([6, 7, 8, 10, 11, 12, 13, 14, 15, 18]);
const MACH_ABI_64 = 0x0100_0000;
const MACH_ABI_64_32 = 0x0200_0000;

function isMachCpu(cpu: number): boolean {
  const family = cpu & 0x00ff_ffff;
  const abi = (cpu - family) >>> 0;
  return MACH_CPUS.has(family) && (abi === 0 || abi === MACH_ABI_64 || abi === MACH_ABI_64_32);
}

/** mach_header of either width and byte order, whose first load command fits in the commands' size. */
function machO(probe: Probe): Identity | null {
  const header = probe.at(0, 40);
  if (header.byteLength < 40) return null;
  const view = viewOf(header);
  const little = header[0] === 0xce || header[0] === 0xcf;
  const magic = view.getUint32(0, little);
  if (magic !== 0xfeedface && magic !== 0xfeedfacf) return null;
  const [fileType, commands, commandBytes] = [12, 16, 20].map((at) => view.getUint32(at, little));
  const first = view.getUint32((magic === 0xfeedface ? 28 : 32) + 4, little);
  const genuine = isMachCpu(view.getUint32(4, little)) && fileType !== undefined && fileType >= 1 &&
    fileType <= 12 &&
    commands !== undefined && commandBytes !== undefined && commands >= 1 && commands * 8 <= commandBytes &&
    commandBytes <= probe.sizeBytes && first >= 8 && first % 4 === 0 && first <= commandBytes;
  return genuine ? identity("mach-o", "a program or library for macOS (Mach-O)") : null;
}

/** Several Mach-O files in one: the first must lie inside the file. Java classes share the magic. */
function fatMachO(probe: Probe): Identity | null {
  const header = probe.at(0, 28);
  if (!probe.has(0, "\xca\xfe\xba\xbe") || header.byteLength < 28) return null;
  const view = viewOf(header);
  const count = view.getUint32(4);
  const end = view.getUint32(16) + view.getUint32(20);
  const genuine = count >= 1 && count <= 20 && isMachCpu(view.getUint32(8)) && end <= probe.sizeBytes &&
    view.getUint32(24) <= 31;
  return genuine ? identity("mach-o", "a universal program for macOS (fat Mach-O)") : null;
}

function javaClass(probe: Probe): Identity | null {
  const header = probe.at(0, 11);
  if (!probe.has(0, "\xca\xfe\xba\xbe") || header.byteLength < 11) return null;
  const view = viewOf(header);
  const [major, constants, firstTag] = [view.getUint16(6), view.getUint16(8), header[10] ?? 0];
  const genuine = major >= 45 && major <= 99 && constants >= 2 && firstTag >= 1 && firstTag <= 20;
  return genuine ? identity("java-class", "compiled Java (a class file)", { major }) : null;
}

function wasm(probe: Probe): Identity | null {
  if (!probe.has(0, "\0asm\x01\0\0\0")) return null;
  const section = probe.at(8, 1)[0];
  return section === undefined || section <= 13 ? identity("wasm", "a WebAssembly module") : null;
}

/** A .pyc: a magic number of Python 3 ending in CR LF, flags, and a marshalled code object after 16 bytes. */
function pythonBytecode(probe: Probe): Identity | null {
  const header = probe.at(0, 17);
  if (header.byteLength < 17 || !probe.has(2, "\r\n")) return null;
  const view = viewOf(header);
  const magic = view.getUint16(0, true);
  const code = (header[16] ?? 0) & 0x7f;
  const genuine = magic >= 3390 && magic < 4200 && view.getUint32(4, true) <= 3 && code === 0x63;
  return genuine ? identity("python-bytecode", "compiled Python (.pyc)") : null;
}
