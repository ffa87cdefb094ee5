package dwell.bench.flink;

import java.io.IOException;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** Writes windows, should their sink ever be in another task. */
public final class WindowSerializer extends ValueSerializer<Window> {
    private static final long serialVersionUID = 1;

    @Override
    public void serialize(Window from, DataOutputView to) throws IOException {
        writeBytes(from.key().bytes, to);
        writeBytes(from.sketch(), to);
    }

    @Override
    public Window deserialize(DataInputView from) throws IOException {
        return new Window(new Key(readBytes(from)), readBytes(from));
    }

    @Override
    public TypeSerializerSnapshot<Window> snapshotConfiguration() {
        return new Snapshot();
    }

    /** Says in a checkpoint which serializer wrote it. */
    public static final class Snapshot extends SimpleTypeSerializerSnapshot<Window> {
        public Snapshot() {
            super(WindowSerializer::new);
        }
    }
}
