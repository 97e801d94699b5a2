using System.Runtime.InteropServices;
using Tmds.Linux;

namespace UnlockDaemon.Linux.Interop;

/// <summary>A <c>struct dm_task</c>: one request to the device mapper.</summary>
internal sealed class DeviceMapperTask : SafeHandle
{
    private readonly string _name;

    /// <param name="type">What is to be done: one of the DM_DEVICE constants.</param>
    /// <param name="name">Name of the device.</param>
    internal DeviceMapperTask(int type, string name)
        : base(0, ownsHandle: true)
    {
        _name = name;
        SetHandle(LibDevMapper.dm_task_create(type));
        if (IsInvalid || LibDevMapper.dm_task_set_name(this, name) == 0)
            throw new LinuxException("prepare a request for", "/dev/mapper/" + name, LibC.EIO);
    }

    public override bool IsInvalid => handle == 0;

    /// <param name="operation">What it does, as it follows "cannot".</param>
    internal void Run(string operation)
    {
        if (LibDevMapper.dm_task_run(this) == 0)
            throw new LinuxException(operation, "/dev/mapper/" + _name, LibDevMapper.dm_task_get_errno(this));
    }

    protected override bool ReleaseHandle()
    {
        LibDevMapper.dm_task_destroy(handle);
        return true;
    }
}
