/* Whether a copy of a bundle is whole: its ZIP, or the files of the unpacked folder, against what was recorded when it
   was made. Everything is read and compared in this browser; nothing is sent anywhere.

   <section data-copy='[["name", bytes, "sha256"], …]' data-folder="…"> <input type="file" multiple data-copy-chosen>
     <template data-copy-words data-whole="… {count} …" …> <p data-copy-said> <ul data-copy-list> */
(function () {
  "use strict";
  var part = document.querySelector("[data-copy]");
  if (!part || !window.crypto || !window.crypto.subtle) return;
  var recorded = JSON.parse(part.dataset.copy);
  var words = part.querySelector("[data-copy-words]").dataset;
  var answer = part.querySelector("[data-copy-said]"), list = part.querySelector("[data-copy-list]");
  var chosen = part.querySelector("[data-copy-chosen]");
  var of_the_system = /(^|\/)(__MACOSX\/.*|\._[^/]*|\.DS_Store|Thumbs\.db|desktop\.ini)$/;
  var turn = 0;

  function say(slug, values) {
    return words[slug].replace(/\{(\w+)\}/g, function (whole, name) { return name in values ? String(values[name]) : whole; });
  }

  function last_of(path) { return path.slice(path.lastIndexOf("/") + 1); }

  function hex(buffer) {
    return Array.prototype.map.call(new Uint8Array(buffer), function (byte) { return byte.toString(16).padStart(2, "0"); }).join("");
  }

  async function view(file, from, to) { return new DataView(await file.slice(from, to).arrayBuffer()); }

  function big(data, at) { return Number(data.getBigUint64(at, true)); }

  /* Where the directory of a ZIP begins, and how many entries it has: at the end of the file. */
  async function directory(file) {
    var start = Math.max(0, file.size - 65557);
    var tail = await view(file, start, file.size);
    for (var at = tail.byteLength - 22; at >= 0; at -= 1) {
      if (tail.getUint32(at, true) !== 0x06054b50) continue;
      var place = { count: tail.getUint16(at + 10, true), at: tail.getUint32(at + 16, true) };
      if (at >= 20 && tail.getUint32(at - 20, true) === 0x07064b50) {
        var large = await view(file, big(tail, at - 12), big(tail, at - 12) + 56);
        place = { count: big(large, 32), at: big(large, 48) };
      }
      place.end = start + at;
      return place;
    }
    throw new Error("not a ZIP");
  }

  /* Sizes and places beyond 4 GB stand in a field behind the name. */
  function widen(entry, data, at, end) {
    while (at + 4 <= end) {
      var size = data.getUint16(at + 2, true);
      if (data.getUint16(at, true) === 1) {
        var place = at + 4;
        ["size", "packed", "at"].forEach(function (name) {
          if (entry[name] !== 0xffffffff) return;
          entry[name] = big(data, place);
          place += 8;
        });
      }
      at += 4 + size;
    }
  }

  /* The entries of a ZIP: {name, size, read()}. */
  async function entries_of(file) {
    var where = await directory(file), data = await view(file, where.at, where.end), entries = [];
    for (var at = 0, left = where.count; left; left -= 1) {
      if (data.getUint32(at, true) !== 0x02014b50) throw new Error("not a ZIP");
      var name_end = at + 46 + data.getUint16(at + 28, true), extra_end = name_end + data.getUint16(at + 30, true);
      var entry = {
        path: new TextDecoder().decode(new Uint8Array(data.buffer, at + 46, name_end - at - 46)),
        method: data.getUint16(at + 10, true), packed: data.getUint32(at + 20, true),
        size: data.getUint32(at + 24, true), at: data.getUint32(at + 42, true)
      };
      widen(entry, data, name_end, extra_end);
      entry.read = unpack.bind(null, file, entry);
      if (!entry.path.endsWith("/")) entries.push(entry);
      at = extra_end + data.getUint16(at + 32, true);
    }
    return entries;
  }

  async function unpack(file, entry) {
    var head = await view(file, entry.at, entry.at + 30);
    var start = entry.at + 30 + head.getUint16(26, true) + head.getUint16(28, true);
    var bytes = file.slice(start, start + entry.packed);
    if (entry.method === 0) return bytes.arrayBuffer();
    return new Response(bytes.stream().pipeThrough(new DecompressionStream("deflate-raw"))).arrayBuffer();
  }

  async function files_of(picked) {
    if (picked.length === 1 && /\.zip$/i.test(picked[0].name)) return entries_of(picked[0]);
    return picked.map(function (file) {
      return { path: file.name, size: file.size, read: function () { return file.arrayBuffer(); } };
    });
  }

  /* What a file is: its size and its SHA-256; none where it cannot be read. A size that no file has is not read. */
  async function look(entry) {
    var file = { name: last_of(entry.path), size: entry.size, digest: "" };
    if (recorded.some(function (known) { return known[1] === entry.size; })) {
      try { file.digest = hex(await crypto.subtle.digest("SHA-256", await entry.read())); } catch (_) { /* damaged */ }
    }
    return file;
  }

  /* A line for each file that is not as it was made, and how many are. */
  function compare(files) {
    var lines = [], whole = 0, names = {};
    recorded.forEach(function (known) {
      names[known[0]] = true;
      var mine = files.filter(function (file) { return file.name === known[0]; })[0];
      var same = files.filter(function (file) { return file.digest === known[2]; })[0];
      if (mine && mine.digest === known[2]) whole += 1;
      else if (mine) {
        var other = recorded.filter(function (elsewhere) { return elsewhere[2] === mine.digest; })[0];
        lines.push(other ? say("mixed", { name: known[0], other: other[0] }) :
          say(mine.size === known[1] ? "damaged" : "resized", { name: known[0], bytes: mine.size, recorded: known[1] }));
      } else lines.push(same ? say("renamed", { name: known[0], other: same.name }) : say("missing", { name: known[0] }));
    });
    files.forEach(function (file) {
      var renamed = recorded.some(function (known) { return known[2] === file.digest; });
      if (!names[file.name] && !renamed) lines.push(say("strange", { name: file.name }));
    });
    return { lines: lines, whole: whole };
  }

  function show(sentence, lines, kind) {
    answer.textContent = sentence;
    answer.parentNode.className = kind && "notice " + kind;
    list.textContent = "";
    lines.forEach(function (line) { list.appendChild(document.createElement("li")).textContent = line; });
    list.hidden = !lines.length;
  }

  /* The folder of a ZIP that is another bundle's; a folder that somebody renamed has the README of this one. */
  function other_folder(entries, files) {
    var folder = entries.length ? entries[0].path.split("/")[0] : "";
    var apart = entries.some(function (entry) { return !entry.path.startsWith(folder + "/"); });
    var readme = recorded.filter(function (known) { return known[0] === "README.html"; })[0];
    var ours = !readme || files.some(function (file) { return file.digest === readme[2]; });
    return apart || ours || folder === part.dataset.folder ? "" : folder;
  }

  async function check(picked) {
    var mine = turn += 1, files = [], entries = [];
    show(say("working", { count: 0 }), [], "");
    try {
      entries = (await files_of(picked)).filter(function (entry) { return !of_the_system.test(entry.path); });
      for (var at = 0; at < entries.length; at += 1) {
        files.push(await look(entries[at]));
        if (mine !== turn) return;
        if (at % 20 === 19) answer.textContent = say("working", { count: at + 1 });
      }
    } catch (_) {
      if (mine === turn) show(say("broken", { name: picked[0].name }), [], "is-alarm");
      return;
    }
    var other = other_folder(entries, files);
    if (other) {
      show(say("other", { name: picked[0].name, other: other }), [], "is-alarm");
      return;
    }
    var result = compare(files);
    if (result.lines.length) show(say("wrong", { count: result.whole, total: recorded.length }), result.lines, "is-alarm");
    else show(say("whole", { count: recorded.length }), [], "is-good");
  }

  chosen.addEventListener("change", function () {
    var picked = Array.prototype.slice.call(chosen.files);
    if (picked.length) check(picked);
  });
  part.querySelector("[data-copy-form]").hidden = false;
  part.querySelector("[data-copy-plain]").hidden = true;
})();
