package dwell.bench.event;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Walks over a JSON message's bytes in place. It follows objects and strings, and passes over what nobody asks for without
 * looking closer. A text that somebody asks for must have no escapes: the names and times of the job have none.
 */
final class JsonCursor {
    private final byte[] json;
    private int at;
    private int nameFrom, nameTo, textFrom, textTo;

    JsonCursor(byte[] json) {
        this.json = json;
    }

    /** Goes into an object. */
    void enter() {
        expect('{');
    }

    /** Goes to the next member's value, or out of the object, and says which. */
    boolean nextMember() {
        byte c = next();
        if (c == ',') {
            at++;
            c = next();
        }
        if (c == '}') {
            at++;
            return false;
        }
        readString();
        nameFrom = textFrom;
        nameTo = textTo;
        expect(':');
        return true;
    }

    boolean named(byte[] name) {
        return Arrays.equals(json, nameFrom, nameTo, name, 0, name.length);
    }

    void readText() {
        if (readString()) {
            throw wrong("an escape");
        }
    }

    boolean textIs(byte[] text) {
        return Arrays.equals(json, textFrom, textTo, text, 0, text.length);
    }

    int textFrom() {
        return textFrom;
    }

    int textTo() {
        return textTo;
    }

    void skipValue() {
        int depth = 0;
        for (byte c = next(); ; c = json[at]) {
            switch (c) {
                case '"' -> {
                    readString();
                    at--;
                }
                case '{', '[' -> depth++;
                case '}', ']' -> {
                    if (depth == 0) {
                        return;
                    }
                    depth--;
                }
                case ',' -> {
                    if (depth == 0) {
                        return;
                    }
                }
                default -> { }
            }
            if (++at == json.length) {
                throw wrong("an end");
            }
        }
    }

    /** Says whether the string has escapes. */
    private boolean readString() {
        expect('"');
        boolean escaped = false;
        int i = at;
        byte[] b = json;
        for (; i < b.length && b[i] != '"'; i++) {
            if (b[i] == '\\') {
                escaped = true;
                i++;
            }
        }
        if (i >= b.length) {
            throw wrong("an end");
        }
        textFrom = at;
        textTo = i;
        at = i + 1;
        return escaped;
    }

    private byte next() {
        while (at < json.length && json[at] <= ' ' && json[at] >= 0) {
            at++;
        }
        if (at == json.length) {
            throw wrong("an end");
        }
        return json[at];
    }

    private void expect(char c) {
        if (next() != c) {
            throw wrong("no '" + c + "'");
        }
        at++;
    }

    private IllegalArgumentException wrong(String what) {
        return new IllegalArgumentException(what + " at byte " + at + " of \"" + new String(json, StandardCharsets.UTF_8) + '"');
    }
}
