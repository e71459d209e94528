/**
 * The files of what was dropped: files as they are, and of folders the files directly inside. Must be called
 * while the drop event is handled; the browser takes its list back afterwards.
 */
export async function droppedFiles(transfer: DataTransfer): Promise<{ name: string; files: File[] }> {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const loose = [...transfer.files];
  const folder = entries.find(isDirectory);
  if (!folder) return { name: 'dropped files', files: loose };
  return { name: folder.name, files: await filesIn(folder) };
}

/** The files directly inside a folder chosen with an `<input webkitdirectory>`. */
export function chosenFiles(list: FileList): { name: string; files: File[] } {
  const files = [...list].filter((file) => file.webkitRelativePath.split('/').length <= 2);
  return { name: files[0]?.webkitRelativePath.split('/')[0] || 'chosen files', files };
}

function isDirectory(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}

async function filesIn(folder: FileSystemDirectoryEntry): Promise<File[]> {
  const reader = folder.createReader();
  const files: File[] = [];
  for (;;) {
    // A reader gives its entries in portions, and an empty one at the end.
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (portion.length === 0) return files;
    for (const entry of portion) {
      if (!entry.isFile) continue;
      files.push(
        await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)),
      );
    }
  }
}
