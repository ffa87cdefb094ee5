package dwell.bench.event;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** The command line, --name value and so on. */
public final class Arguments {
    private final Map<String, String> given = new HashMap<>();

    public Arguments(String[] args) {
        for (int i = 0; i < args.length; i += 2) {
            if (!args[i].startsWith("--") || i + 1 == args.length) {
                throw new IllegalArgumentException("no --name and value: \"" + args[i] + '"');
            }
            given.put(args[i].substring(2), args[i + 1]);
        }
    }

    public String need(String name) {
        String value = given.get(name);
        if (value == null) {
            throw new IllegalArgumentException("--" + name + " is missing");
        }
        return value;
    }

    public long number(String name, long otherwise) {
        String value = given.get(name);
        return value == null ? otherwise : Long.parseLong(value);
    }

    /** A folder that is there; a new one of the system's where none is given. */
    public Path folder(String name) throws IOException {
        String value = given.get(name);
        return value == null ? Files.createTempDirectory("crossing-times") : Files.createDirectories(Path.of(value).toAbsolutePath());
    }
}
