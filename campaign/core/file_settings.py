"""Settings of where an instance keeps what it keeps (its folder, its files), and for how long."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class FileSettings(BaseSettings):
    """The part of `campaign.settings.Settings` that is about what is kept."""

    instance: Path = Field(Path("instance"), description="Folder of keys, SQLite files and files.")
    files: str = Field(
        "",
        description="Where files are kept, encrypted: empty means the folder `files` in the "
        "instance folder; or another folder; or `s3://bucket/prefix`.",
    )
    scratch: str = Field(
        "",
        description="Folder for files in the making, plain for that moment: empty means `scratch` "
        "in the instance folder. Best on an encrypted disk or in memory.",
    )
    s3_endpoint: str = Field(
        "", description="Address of an S3-compatible store; empty means Amazon’s."
    )
    s3_region: str = Field("us-east-1", description="Its region.")
    s3_key_id: str = Field("", description="Id of the access key.")
    s3_secret: SecretStr = Field(SecretStr(""), description="The access key itself.")

    retention_months: int = Field(
        6,
        ge=0,
        le=120,
        description="Months after the hand-over of a letter, or the end of its campaign, at which "
        "its writer’s contact data and words are erased; the counts stay. 0: never.",
    )
    keep_printed_files: bool = Field(
        False,
        description="Whether the printed files of a bundle, which name people, are kept beyond "
        "that; otherwise their hashes are.",
    )

    @property
    def folder(self) -> Path:
        """The instance folder, absolute."""
        return self.instance.absolute()

    @property
    def files_folder(self) -> Path:
        """Folder of stored files, where they lie in one."""
        return self.folder / (self.files or "files")

    @property
    def scratch_folder(self) -> Path:
        """Folder of files in the making."""
        return self.folder / (self.scratch or "scratch")
