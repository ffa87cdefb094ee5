package dwell.bench.event;

import java.nio.charset.StandardCharsets;

/** Reads RFC 3339 times, with any offset, as Unix milliseconds. Digits beyond the millisecond are cut. */
final class Instants {
    private Instants() { }

    static long parse(byte[] b, int from, int to) {
        int i = from + "2006-01-02T15:04:05".length();
        if (i >= to) {
            throw wrong(b, from, to);
        }
        long seconds = days(pair(b, from) * 100 + pair(b, from + 2), pair(b, from + 5), pair(b, from + 8)) * 86_400L
            + pair(b, from + 11) * 3600 + pair(b, from + 14) * 60 + pair(b, from + 17);
        int ms = 0;
        if (b[i] == '.') {
            i++;
            for (int scale = 100; i < to && b[i] >= '0' && b[i] <= '9'; i++, scale /= 10) {
                ms += (b[i] - '0') * scale;
            }
        }
        return (seconds - zone(b, i, from, to)) * 1000 + ms;
    }

    /** Reads "Z" or "+04:30" as seconds east of UTC. */
    private static int zone(byte[] b, int i, int from, int to) {
        if (i + 1 == to && b[i] == 'Z') {
            return 0;
        }
        if (i + 6 != to || b[i] != '+' && b[i] != '-') {
            throw wrong(b, from, to);
        }
        int seconds = pair(b, i + 1) * 3600 + pair(b, i + 4) * 60;
        return b[i] == '-' ? -seconds : seconds;
    }

    /** Days since 1970-01-01, with the year counted from March so that the leap day is its last. */
    private static int days(int year, int month, int day) {
        int y = month <= 2 ? year - 1 : year;
        int era = y / 400, ofEra = y - era * 400;
        int dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
        return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + dayOfYear - 719_468;
    }

    private static int pair(byte[] b, int i) {
        return (b[i] - '0') * 10 + b[i + 1] - '0';
    }

    private static IllegalArgumentException wrong(byte[] b, int from, int to) {
        return new IllegalArgumentException("no time: \"" + new String(b, from, to - from, StandardCharsets.UTF_8) + '"');
    }
}
