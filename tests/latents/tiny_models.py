"""Tiny models of diffusers and transformers, built from a config with random weights and saved as a real one is."""

import torch


def make_vae(kind, folder):
    """One of the four video autoencoders; its folder."""
    import diffusers

    torch.manual_seed(0)
    match kind:
        case "wan":
            model = diffusers.AutoencoderKLWan(
                base_dim=4,
                z_dim=4,
                dim_mult=[1, 1, 1, 1],
                num_res_blocks=1,
                latents_mean=[0.1, 0.2, 0.3, 0.4],
                latents_std=[1.0, 2.0, 3.0, 4.0],
            )
        case "cogvideox":
            model = diffusers.AutoencoderKLCogVideoX(
                block_out_channels=(8, 8, 8, 8),
                latent_channels=4,
                layers_per_block=1,
                norm_num_groups=2,
                sample_height=96,
                sample_width=80,
                scaling_factor=0.7,
            )
        case "ltx":
            model = diffusers.AutoencoderKLLTXVideo(
                latent_channels=8,
                block_out_channels=(8, 8, 8, 8),
                decoder_block_out_channels=(8, 8, 8, 8),
                layers_per_block=(1, 1, 1, 1, 1),
                decoder_layers_per_block=(1, 1, 1, 1, 1),
                timestep_conditioning=True,
            )
            model.latents_mean.copy_(torch.linspace(0, 1, 8))
            model.latents_std.copy_(torch.linspace(1, 2, 8))
        case "hunyuan":
            model = diffusers.AutoencoderKLHunyuanVideo(
                latent_channels=4,
                block_out_channels=(8, 8, 8, 8),
                layers_per_block=1,
                norm_num_groups=4,
                mid_block_add_attention=True,
            )
    model.save_pretrained(str(folder))
    return folder
