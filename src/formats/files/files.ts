/** What readers and writers need of a file system, so that the same sources run in a browser. */
export interface Files {
  /** Whole file. A missing, unreadable or oversized one is refused with its path. */
  read(path: string): Promise<Uint8Array>;
  /** Names in a folder, sorted. */
  list(folder: string): Promise<string[]>;
  kind(path: string): Promise<"file" | "folder" | "none">;
  /** Writes beside the target and renames: a reader never sees half a file. Missing folders are made. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Behind what the file holds; it is made where there is none. */
  append(path: string, bytes: Uint8Array): Promise<void>;
}
