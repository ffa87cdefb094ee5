package dwell.bench.flink;

import java.io.IOException;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** Writes events between tasks. */
public final class EventSerializer extends ValueSerializer<Event> {
    private static final long serialVersionUID = 1;

    @Override
    public void serialize(Event from, DataOutputView to) throws IOException {
        writeBytes(from.visit().bytes, to);
        to.writeBoolean(from.released());
        to.writeLong(from.time());
        writeBytes(from.bcp(), to);
    }

    @Override
    public Event deserialize(DataInputView from) throws IOException {
        return new Event(new Key(readBytes(from)), from.readBoolean(), from.readLong(), readBytes(from));
    }

    @Override
    public TypeSerializerSnapshot<Event> snapshotConfiguration() {
        return new Snapshot();
    }

    /** Says in a checkpoint which serializer wrote it. */
    public static final class Snapshot extends SimpleTypeSerializerSnapshot<Event> {
        public Snapshot() {
            super(EventSerializer::new);
        }
    }
}
